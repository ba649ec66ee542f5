#!/usr/bin/env bash
# Makes the secrets of compose.yaml, once: a random key for the S3 store, as the store, keyfold and curl expect it.
set -euo pipefail
folder=$(dirname "$0")/secrets
[[ ! -e $folder/keyfold.toml ]] || exit 0

random() {
    od -An -N20 -tx1 /dev/urandom | tr -d ' \n'
}
access=$(random) secret=$(random)

# Containers read the files as a user of their own; on this machine the folder keeps others out.
mkdir -p -m 700 "$folder"
cat >"$folder/s3.json" <<END
{"identities": [{"name": "keyfold", "credentials": [{"accessKey": "$access", "secretKey": "$secret"}],
  "actions": ["Admin", "Read", "Write", "List", "Tagging"]}]}
END
cat >"$folder/curl" <<END
user = "$access:$secret"
aws-sigv4 = "aws:amz:us-east-1:s3"
END
# The last one, as it says that all are there.
cat >"$folder/keyfold.toml" <<END
[stores]
aws_access_key_id = "$access"
aws_secret_access_key = "$secret"
END
