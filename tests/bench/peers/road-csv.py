import csv, sys

with open(sys.argv[1], newline="") as lines:
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerows((ip, user, int(size) * 8) for ip, _, user, _, size in csv.reader(lines))
