"""The conformance runner and hooks that stay: a good one passes, `postgres` passes against its real server, and each deliberately bad one is caught by the rule it breaks."""
import os, pathlib, tempfile
from harness import BUILD, finish, ok
from hook_steps import conformance
from postgres_server import Postgres

# The `file` hook, made to stay by a shell: each request is a run of it.
GOOD = f"""#!/bin/sh
hook={BUILD}/rotators/hooks/file
if [ "$1" = describe ]; then
        "$hook" describe | sed 's/"contract":1,/"contract":1,"serve":true,/'
elif [ "$1" = serve ]; then
        while IFS= read -r line; do
                [ ${{#line}} -lt 65536 ] || line=
                step=${{line#*'"step":"'}}; step=${{step%%'"'*}}
                case $step in check|set|test|revoke|reconcile) ;; *) step=none ;; esac
                n=${{line#*'"sequence":'}}; n=${{n%%[!0-9]*}}; n=${{n:-0}}
                out=$(printf '%s' "$line" | "$hook" "$step" 2>/dev/null); code=$?
                [ -n "$out" ] || out='{{"status":"failed"}}'
                printf '%s,"exit":%s,"sequence":%s}}\\n' "${{out%?}}" "$code" "$n"
        done
        exit 0
else
        exec "$hook" "$1"
fi
"""

# (name, text of the good one, what stands there instead, the rule that must find it)
BAD = [
    ("answers for another request", '"$code" "$n"', '"$code" "$((n + 1))"', "`serve` answers every request once"),
    ("goes on behind its last line", '"sequence":%s}\\n\'', '"sequence":%s}\\n{"progress":"more"}\\n\'', "`serve` answers every request once"),
    ("takes the first request for every one", "read -r line; do\n", "read -r line; do\n                n=${line#*'\"sequence\":'}; line=${first:=$line}\n", "serve: "),
    ("says that every value works", 'code=$?\n', 'code=$?\n                [ $step != test ] || { code=0; out=\'{"status":"ok","evidence":"works"}\'; }\n', "serve: `test` fails for a value that was never set"),
    ("prints a value of a request", 'code=$?\n', 'code=$?; [ $step != set ] || printf \'%s\\n\' "$line" >&2\n', "no value is printed"),
    ("does not end with its input", "        done\n        exit 0", "        done\n        exec sleep 1000", "serve: the process ends with its input"),
    ("leaves its exit out", ',"exit":%s,"sequence"', ',"code":%s,"sequence"', "every step ends by itself in time"),
    ("only says that it can stay", '[ "$1" = serve ]', '[ "$1" = never ]', "`serve` answers every request once"),
]

with tempfile.TemporaryDirectory() as folder:
    os.chmod(folder, 0o700)
    path = pathlib.Path(folder, "hook")

    def hook(text):
        path.write_text(text)
        os.chmod(path, 0o700)
        return path

    config = {"path": f"{folder}/vault"}
    code, out = conformance(None, hook(GOOD), config)
    ok("a hook that stays keeps every rule of the contract", code == 0 and out.count("\nok - serve: ") > 15, out)
    for name, text, bad, rule in BAD:
        ok(f"{name}: the hook has the place", GOOD.count(text) == 1)
        code, out = conformance(None, hook(GOOD.replace(text, bad)), config, "--first", "--timeout", "5s" if "time" in rule else "60s")
        ok(f"a hook that {name} is caught", code == 1 and any(rule in l for l in out.splitlines() if l.startswith("not ok")), out)

with Postgres() as pg:
    pg.sql("CREATE ROLE app LOGIN PASSWORD 'first'; CREATE ROLE app_a LOGIN PASSWORD 'first'; CREATE ROLE app_b NOLOGIN")
    where = {"host": "127.0.0.1", "port": pg.port, "admin_user": "postgres", "admin_password_file": pg.password_file}
    for name, roles in (("postgres", {"role": "app"}), ("postgres-roles", {"roles": ["app_a", "app_b"]})):
        code, out = conformance(None, BUILD / "rotators" / "hooks" / name, {**where, **roles})
        ok(f"{name} keeps every rule of the contract, staying or not", code == 0 and out.count("\nok - serve: ") > 15, out)
finish()
