#!/bin/bash
# Stands in for IBC's start script: the same arguments, checks, exit codes, files, signals and loop as IBC 3.24's, around whatever
# java the installation has. Variables are taken from the environment where IBC's script takes them, so that a leak shows, and
# words are left unquoted where it leaves them so.
# shellcheck disable=SC2044,SC2086,SC2206,SC2164

note() { printf '{"at": %s, "who": "ibcstart", "mode": "%s", "pid": %d, "event": "%s"}\n' "$EPOCHREALTIME" "$mode" $$ "$1" >>/share/notes.jsonl; }

fail() {
  printf '\n=== An error has occurred ===\n\nError: %s\n' "$2" >&2
  exit "$1"
}

shopt -s nocasematch extglob
entry_point=ibcalpha.ibc.IbcTws program=TWS
for argument; do
  case $argument in
  -g | --gateway) entry_point=ibcalpha.ibc.IbcGateway program=Gateway ;;
  --tws-path=*) tws_path=${argument#*=} ;;
  --tws-settings-path=*) tws_settings_path=${argument#*=} tws_settings_path=${tws_settings_path%%+(/)} ;;
  --ibc-path=*) ibc_path=${argument#*=} ;;
  --ibc-ini=*) ibc_ini=${argument#*=} ;;
  --java-path=*) java_path=${argument#*=} ;;
  --user=*) ib_user_id=${argument#*=} ;;
  --pw=*) ib_password=${argument#*=} ;;
  --mode=*) mode=${argument#*=} ;;
  --on2fatimeout=*) on_timeout=${argument#*=} ;;
  -*) fail 3 "Invalid parameter '$argument'" ;;
  *)
    [[ -z $tws_version ]] || fail 3 "Invalid parameter '$argument'"
    tws_version=$argument
    ;;
  esac
done
[[ -z $mode || $mode = live || $mode = paper ]] || fail 3 "Trading mode set to $mode but must be either 'live' or 'paper'"
[[ -z $on_timeout || $on_timeout = restart || $on_timeout = exit ]] || fail 3 "2FA timeout action set to $on_timeout"
note started

[[ -n $tws_version ]] || fail 2 "TWS major version number has not been supplied"
: "${tws_path:=$HOME/Jts}" "${ibc_path:=/opt/ibc}"
: "${tws_settings_path:=$tws_path}" "${ibc_ini:=$HOME/ibc/config.ini}"
if [[ $program = TWS ]]; then
  folders=("$tws_path/$tws_version" "$tws_path/ibgateway/$tws_version") options=(tws.vmoptions ibgateway.vmoptions)
else
  folders=("$tws_path/ibgateway/$tws_version" "$tws_path/$tws_version") options=(ibgateway.vmoptions tws.vmoptions)
fi
[[ -e ${folders[0]}/jars ]] && which=0 || which=1
folder=${folders[which]}
[[ -e $tws_settings_path ]] || fail 5 "TWS settings path: $tws_settings_path does not exist"
[[ -e $folder/jars ]] || fail 4 "Offline TWS/Gateway version $tws_version is not installed: can't find jars folder"
[[ -e $ibc_path ]] || fail 5 "IBC path: $ibc_path does not exist"
[[ -e $ibc_ini ]] || fail 6 "IBC configuration file: $ibc_ini  does not exist"
[[ -e $folder/${options[which]} ]] || fail 7 "Neither tws.vmoptions nor ibgateway.vmoptions could be found"

class_path=$(printf '%s:' "$folder"/jars/*.jar)$ibc_path/IBC.jar
mapfile -t vm_options < <(grep -v -e '^#' -e '^-D' -e '^$' "$folder/${options[which]}")
session=$(mktemp -u XXXXXXXX)

# The folder below the settings that holds an `autorestart` file names the session that java takes up again. Two such files are
# one too many: both go. The search is unquoted as in the original, which a space in the path breaks.
find_autorestart() {
  local found=() file
  restart_needed=
  for file in $(find $tws_settings_path -type f -name autorestart); do
    [[ ${file#"$tws_settings_path"/} = */*/* ]] || found+=("$file")
  done
  case ${#found[@]} in
  0) echo "autorestart file not found: full authentication will be required" ;;
  1)
    echo "autorestart file found at ${found[0]}: authentication will not be required"
    autorestart_option=-Drestart=$(basename "$(dirname "${found[0]}")")
    restart_needed=yes
    ;;
  *)
    echo "WARNING: More than one autorestart file was found"
    rm "${found[@]}"
    restart_needed=yes
    ;;
  esac
}
find_autorestart

if [[ -z $java_path ]]; then
  read -r runtime <"$folder/.install4j/inst_jre.cfg"
  [[ -n $runtime && -e $runtime/bin/java ]] && java_path=$runtime/bin
fi
[[ -n $java_path && -e $java_path/java ]] || fail 1 "Can't find suitable Java installation"
"$java_path/java" -XshowSettings:properties 2>&1 | grep 'java.runtime.version ='

pushd "$tws_settings_path" >/dev/null
for launcher in tws ibgateway; do
  [[ -e $folder/$launcher ]] && mv "$folder/$launcher" "$folder/${launcher}1"
done

while :; do
  arguments=(-cp "$class_path" "${vm_options[@]}" "-DjtsConfigDir=$tws_settings_path" "-Dibcsessionid=$session"
    $autorestart_option "$entry_point" "$ibc_ini" ${ib_user_id:+"$ib_user_id" "$ib_password"} $mode)
  printf 'Starting %s with this command:\n"%s/java" %s\n\n' "$program" "$java_path" "${arguments[*]}"
  trap 'kill -TERM $java' TERM INT
  "$java_path/java" "${arguments[@]}" 2>/dev/null &
  java=$!
  wait $java
  trap - TERM INT
  wait $java
  code=$(($? % 256))
  echo "IBC returned exit status $code"
  note "java ended with $code"
  if [[ $code -eq $((1112 % 256)) ]]; then
    :
  elif [[ -e $tws_settings_path/COLDRESTART$session ]]; then
    rm "$tws_settings_path/COLDRESTART$session"
    autorestart_option=
    echo "IBC will cold-restart shortly"
  else
    find_autorestart
    if [[ -n $restart_needed && -e $tws_settings_path/PAUSE$session ]]; then
      rm "$tws_settings_path/PAUSE$session"
      echo "IBC is paused"
      break
    elif [[ -n $restart_needed ]]; then
      :
    elif [[ $code -ne $((1111 % 256)) || $on_timeout != restart ]]; then
      break
    fi
  fi
  echo "IBC will restart shortly"
done
echo "$program finished"
note ended
exit $code
