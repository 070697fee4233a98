import json, sys


def score(d):
    total = peak = 0
    for v in d["vals"]:
        total += v
        if v > peak:
            peak = v
    score = total * 3 + peak
    if d["kind"] == "error":
        score += 1000
    elif d["kind"] == "login" and total > 200:
        score += 50
    level = "crit" if score > 1500 else "warn" if score > 800 else "ok"
    return {"id": d["id"], "level": level, "name": d["host"].split(".")[0] + ":" + d["user"].lower(), "score": score}


loads, dumps, write = json.loads, json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode, sys.stdout.write
with open(sys.argv[1], encoding="utf-8") as lines:
    for line in lines:
        write(dumps(score(loads(line))) + "\n")
