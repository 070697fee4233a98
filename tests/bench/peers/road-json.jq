def private:
  startswith("10.") or startswith("192.168.")
  or (startswith("172.") and (split(".")[1] | tonumber | . >= 16 and . <= 31));

.Source[0].IP4[0] as $ip
| select($ip | private | not)
| .Description as $text
| del(.Attach, ._CESNET, .Description)
| . + {Desc: $text, Processed: true, Severity: (if .ConnCount > 100 then "high" else "low" end), SrcIP: $ip}
