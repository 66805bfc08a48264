#!/usr/bin/env bash
# Start a campaign in a folder, or go on with the one that is there: what a scheduler that starts jobs again should run.
#   deploy/run_or_resume.sh DIR SCENARIO [OPTION …]     (options of run_campaign.py, without --out and --resume)
set -euo pipefail
folder=$1
shift
flag=--out
if [ -e "$folder/campaign.json" ]; then
    flag=--resume
fi
exec python run_campaign.py "$@" "$flag" "$folder"
