import json, re, sys

match = re.compile(
    r'^(?P<client>\S+) \S+ (?P<user>\S+) \[(?P<time>[^\]]+)\] "(?P<verb>[A-Z]+) (?P<path>[^" ]+) (?P<protocol>[^"]+)" '
    r'(?P<status>\d{3}) (?P<size>\d+|-) "(?P<referer>[^"]*)" "(?P<agent>[^"]*)"$'
).match
dumps, write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode, sys.stdout.write
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        m = match(line)
        if m:
            d = m.groupdict()
            d["status"] = int(d["status"])
            write(dumps(d) + "\n")
