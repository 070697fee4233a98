(.vals | add) as $total
| (if .kind == "error" then 1000 elif .kind == "login" and $total > 200 then 50 else 0 end) as $more
| ($total * 3 + (.vals | max) + $more) as $score
| {
    id,
    level: (if $score > 1500 then "crit" elif $score > 800 then "warn" else "ok" end),
    name: "\(.host | split(".")[0]):\(.user | ascii_downcase)",
    score: $score
  }
