import json, sys


def is_private(ip):
    if ip.startswith(("10.", "192.168.")):
        return True
    return ip.startswith("172.") and 16 <= int(ip.split(".")[1]) <= 31


loads, dumps, write = json.loads, json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode, sys.stdout.write
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        d = loads(line)
        ip = d["Source"][0]["IP4"][0]
        if is_private(ip):
            continue
        del d["Attach"], d["_CESNET"]
        d["Desc"] = d.pop("Description")
        d["Processed"] = True
        d["Severity"] = "high" if d["ConnCount"] > 100 else "low"
        d["SrcIP"] = ip
        write(dumps(d) + "\n")
