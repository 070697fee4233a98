import csv, json, sys

encode, write = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode, sys.stdout.write


def close(start, users):
    for user, (count, size) in users.items():
        write(encode({"window": start, "user": user, "count": count, "bytes": size}) + "\n")


start, users = None, {}
with open(sys.argv[1], newline="") as lines:
    for _, ts, user, _, size in csv.reader(lines):
        window = int(ts) // 60 * 60
        if window != start:
            close(start, users)
            start, users = window, {}
        entry = users.get(user)
        if entry is None:
            users[user] = [1, int(size)]
        else:
            entry[0] += 1
            entry[1] += int(size)
close(start, users)
