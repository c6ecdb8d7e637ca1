#!/bin/sh
# Make the secrets of docker-compose.yml, each once; a file that is there stays.
# The folder is for its owner alone. The files must be readable within a container by whatever
# user its process has: a container sees the file, not the folder.
set -eu
folder="$(dirname "$0")/secrets"
mkdir -p "$folder"
chmod 0700 "$folder"

random() { od -An -tx1 -N32 /dev/urandom | tr -d ' \n'; }
keep() {
    [ -s "$folder/$1" ] || printf '%s' "$2" > "$folder/$1"
    chmod 0444 "$folder/$1"
}

keep secret_key "$(random)$(random)"
keep identity_key "$(random)$(random)"
keep owner_password "$(random)"
keep app_password "$(random)"
keep database_url "postgresql://ketnap:$(cat "$folder/owner_password")@postgres:5432/ketnap"
keep app_database_url "postgresql://ketnap_app:$(cat "$folder/app_password")@postgres:5432/ketnap"
echo "Secrets are in $folder; keep a copy of them where the backups are not."
