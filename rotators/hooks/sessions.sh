# Finds and ends the sessions of an account: the part of the script that sessions.c sends behind these words:
#   user=NAME root=FOLDER terminals=0|1 admin=NAME boot=ID moment=TICKS
# It says 44: no such account, 45: sessions cannot be seen here, 46: they do not end, 47: they may not be ended.

number() {
        if [ -n "$root" ]; then awk -F: -v user="$user" '$1 == user { print $3 }' "$root/etc/passwd"; else id -u "$user"; fi
}

# Prints PID:START:HEAD of each process that has to end; HEAD is the first of its session. $1: PID:START of those that
# were found before, and may have left their session by now. $2: prints a word where the script's own session is seen.
#
# Two things are a process's own words: its name in `stat`, which may hold anything (the last `) ` ends it), and its
# title, which counts only for processes of the account itself and of root.
find_old() {
        printf '%s\n' /proc/[0-9]* | awk -v me=$$ -v user="$user" -v number="$number" -v moment="$moment" \
                -v self="$(id -u)" -v terminals="$terminals" -v admin="$admin" -v before="$1" -v look="$2" '
        function whole(file,    line, all) {
                while ((getline line < file) > 0) all = all line " "
                close(file)
                return all
        }
        function first(file,    line) {
                if ((getline line < file) <= 0) line = ""
                close(file)
                return line
        }
        function effective(file,    line, word) {
                while ((getline line < file) > 0) if (line ~ /^Uid:/) split(line, word, " ")
                close(file)
                return word[3]
        }
        function read_process(pid,    file, all, at, word) {
                file = "/proc/" pid
                all = whole(file "/stat")
                if (!(at = match(all, /\) [^)]*$/))) return
                split(substr(all, at + 2), word, " ")
                if (word[1] == "Z" || word[1] == "X") return
                name[pid] = substr(all, index(all, "(") + 1, at - index(all, "(") - 1)
                parent[pid] = word[2]; terminal[pid] = word[5]; start[pid] = word[20] + 0
                owner[pid] = effective(file "/status"); title[pid] = first(file "/cmdline")
        }
        # sshd: NAME@pts/0, sshd: NAME [priv], sshd: NAME
        function is_session_of(pid, who,    from, rest) {
                from = title[pid] ~ /^sshd: / ? 7 : title[pid] ~ /^sshd-session: / ? 15 : 0
                rest = substr(title[pid], from + length(who))
                return from && substr(title[pid], from, length(who)) == who &&
                       rest !~ /^[A-Za-z0-9._$+%:\/-]/ && rest !~ /^@.*@/
        }
        function is_login(pid,    by) {
                by = parent[pid]
                return terminals && owner[pid] == number && (by in parent) && owner[by] == 0 &&
                       (name[by] == "login" || name[by] == "su") && (terminal[pid] != 0 || terminal[by] != 0)
        }
        function is_old_head(pid) {
                if (pid in own) return 0
                if (is_session_of(pid, user) && (owner[pid] == number || owner[pid] == 0)) return start[pid] <= moment
                return is_login(pid) && start[parent[pid]] <= moment
        }
        function head_of(pid,    at, found, depth) {
                for (at = pid; (at in parent) && depth++ < 9999; at = parent[at]) if (at in head) found = at
                return found + 0
        }
        function end_it(pid, first_of) {
                if (!(pid in said)) print pid ":" start[pid] ":" first_of
                said[pid] = 1
        }
        { read_process(substr($0, 7)) }
        END {
                for (pid = me; (pid in parent) && !(pid in own); pid = parent[pid]) own[pid] = 1
                if (look) {
                        for (pid in own) if (admin == "" || is_session_of(pid, admin)) { print "seen"; break }
                        exit
                }
                for (pid in parent) if (is_old_head(pid)) head[pid] = 1
                for (pid in parent) if (head_of(pid) && (self == 0 || owner[pid] == number)) end_it(pid, head_of(pid))
                n = split(before, word, " ")
                for (i = 1; i <= n; i++) {
                        split(word[i], part, ":")
                        if ((part[1] in parent) && start[part[1]] == part[2] + 0) end_it(part[1], 0)
                }
        }'
}

# Only what lives under the account's own `/`: the account of the same name in a container is another one.
find_ours() {
        for one in $(find_old "$1"); do
                head=/proc/${one##*:}/root/.
                [ ! -e "$head" ] || [ "$head" -ef "$root/." ] || continue
                printf '%s ' "${one%:*}"
        done
}

send() {
        for one in $left; do kill -s "$1" "${one%%:*}" 2>/dev/null; done
}

look_around() {
        number=$(number)
        [ -n "$number" ] || exit 44
        [ -n "$(find_old '' look)" ] || exit 45
        [ "$(id -u)" -ne 0 ] || [ "$number" = 0 ] || case $(awk '/^CapEff:/ { print $2 }' /proc/self/status) in
                *[2367abef]?) ;; # CAP_KILL
                *) exit 47 ;;
        esac
}

# Asked to end, and after two seconds made to.
end_old() {
        look_around
        [ -n "$boot" ] || moment=$(cut -d' ' -f22 /proc/self/stat)
        [ -z "$boot" ] || [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] || moment=-1
        left='' round=0
        while left=$(find_ours "$left"); [ -n "$left" ]; do
                round=$((round + 1))
                [ $round -le 70 ] || exit 46
                [ $round -gt 1 ] || { send HUP; send TERM; }
                [ $round -le 20 ] || send KILL
                sleep 0.1 2>/dev/null || sleep 1
        done
}
