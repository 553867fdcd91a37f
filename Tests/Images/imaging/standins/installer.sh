#!/bin/sh
# Stands in for IBKR's installer: takes the same arguments and leaves the same files. The java that it brings follows below.
set -e
[ "$1" = -q ] && [ "$2" = -dir ] && folder=$3
mkdir -p "$folder/jars" "$folder/jre/bin" "$folder/.install4j"
touch "$folder/jars/jts4launch-1.jar" "$folder/jars/twslaunch-1.jar"
printf '%s\n' '# Enter one VM parameter per line' -Xmx768m -XX:+UseG1GC >"$folder/ibgateway.vmoptions"
printf '#!/bin/sh\nexit 1\n' >"$folder/ibgateway"
chmod 700 "$folder/ibgateway"
echo "$folder/jre" >"$folder/.install4j/inst_jre.cfg"
