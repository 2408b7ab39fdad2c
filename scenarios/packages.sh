# Sourced by scenarios/run and Tests/run: installs Debian packages that are missing, and only those.

# What every build needs.
build_packages="libssl-dev libcurl4-openssl-dev libnghttp2-dev libsqlite3-dev pkg-config"

# What Tests/live drives the front door with.
live_packages="postgresql redis-server redis-tools slowhttptest python3-websockets util-linux"

# install_missing PACKAGE…
install_missing() {
    missing=""
    for package in "$@"; do
        # A node from elsewhere is as good as Debian's.
        if [ "$package" = nodejs ] && command -v node > /dev/null; then continue; fi
        state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null || true)
        [ "$state" = installed ] || missing="$missing $package"
    done
    [ -n "$missing" ] || return 0
    echo "Installing with apt:$missing" >&2
    as_root=""
    [ "$(id -u)" -eq 0 ] || as_root="sudo"
    # A package list that is a little old is better than none: a failed update alone is no reason to stop.
    $as_root apt-get update -qq < /dev/null >&2 || true
    # shellcheck disable=SC2086
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing < /dev/null >&2
}

# packages_of SETTINGS…: what the applications in these settings files need.
packages_of() {
    if grep -q gunicorn "$@"; then echo gunicorn python3-flask; fi
    if grep -q apps/node "$@"; then echo nodejs; fi
}

# need_swift: says what to do when there is no Swift.
need_swift() {
    command -v swift > /dev/null && return 0
    echo "There is no swift in PATH. Portico is built with Swift 6.3: https://www.swift.org/install/linux" >&2
    return 1
}
