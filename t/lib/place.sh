# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Where the files of a private server go, and as whom it runs; sourced by dev and t/lib/cluster.
#
# PostgreSQL refuses to run as root, and httpd's children do not run as root either. So the files that
# these users need lie where they can reach them, which a state folder below somebody's 0700 folder is
# not; and a Unix socket's path holds 107 bytes, so sockets lie in a short folder of their own.

# Ends the program with one sentence.
die() {
    warn "$@"
    exit 1
}

warn() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# place_hash PATH: twelve hex digits that name PATH in short folder names.
place_hash() {
    printf '%s' "$1" | sha256sum | cut -c1-12
}

# place_check PATH: refuses paths that make, configure, httpd or pg_ctl would break apart.
place_check() {
    case $1 in
    *[[:space:]\"\'\`\\\$\&\#]*)
        die "the path '$1' has a blank, a quote, a backslash, \$, & or # in it, which the build" \
            "tools cannot handle: choose another folder with --state" ;;
    esac
}

# place_as USER COMMAND...: runs COMMAND as USER (given root), or just runs it (given anybody else).
place_as() {
    local user=$1
    shift
    if [ "$(id -u)" = 0 ] && [ "$user" != root ]; then
        HOME=/ setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- "$@"
    else
        "$@"
    fi
}

# place_exec USER COMMAND...: as place_as, in the place of this (sub)shell and in a session of its own.
place_exec() {
    local user=$1
    shift
    if [ "$(id -u)" = 0 ] && [ "$user" != root ]; then
        HOME=/ exec setsid setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups -- "$@"
    else
        exec setsid "$@"
    fi
}

# place_user NAME: the user a server runs as: NAME when root starts it, else whoever does.
place_user() {
    if [ "$(id -u)" = 0 ]; then
        id -u "$1" >/dev/null 2>&1 || die "there is no user '$1' on this machine"
        printf '%s\n' "$1"
    else
        id -un
    fi
}

# place_data STATE NAME USER: prints the folder STATE/NAME that USER can reach, and makes it, as one's own.
#
# Where USER cannot get to STATE, the folder lies below /var/lib/flixim-dev (root's, so nobody else can
# put one there first) and STATE/NAME is a link to it.
place_data() {
    local state=$1 name=$2 user=$3 dir area
    dir=$state/$name
    if [ -L "$dir" ]; then
        area=$(readlink "$dir")
        [ -d "$area" ] || die "'$dir' leads to '$area', which is gone: remove the link to start afresh"
        [ "$(cat "$area.state" 2>/dev/null)" = "$state" ] ||
            die "'$area' belongs to another state folder: remove the link '$dir' to start afresh"
        dir=$area
    elif [ ! -d "$dir" ]; then
        if ! (cd / && place_as "$user" test -x "$state"); then
            area=/var/lib/flixim-dev/$(place_hash "$state")-$name
            if ! (mkdir -p "$area" && printf '%s\n' "$state" >"$area.state" && ln -s "$area" "$dir"); then
                die "cannot make the folder '$area' (user '$user' cannot reach '$state')"
            fi
            dir=$area
        else
            mkdir "$dir" || die "cannot make the folder '$dir'"
        fi
    elif ! (cd / && place_as "$user" test -x "$state"); then
        die "user '$user' can no longer reach '$dir': the rights of a folder above it have changed"
    fi
    printf '%s\n' "$dir"
}

# place_remove STATE NAME: removes what place_data made, wherever it lies.
place_remove() {
    local dir=$1/$2 area
    if [ -L "$dir" ]; then
        area=$(readlink "$dir")
        case $area in
        /var/lib/flixim-dev/*-"$2")
            if [ "$(cat "$area.state" 2>/dev/null)" = "$1" ]; then
                rm -rf -- "$area" "$area.state"
                rmdir /var/lib/flixim-dev 2>/dev/null || true
            fi ;;
        esac
    fi
    rm -rf -- "$dir"
}

# place_run STATE NAME: prints the path of the short folder for NAME's sockets; does not make it.
place_run() {
    local base=/run
    if [ "$(id -u)" != 0 ]; then
        base=/tmp
        if [ -n "${XDG_RUNTIME_DIR:-}" ] && [ -O "$XDG_RUNTIME_DIR" ] && [ ${#XDG_RUNTIME_DIR} -lt 50 ]; then
            base=$XDG_RUNTIME_DIR
        fi
    fi
    printf '%s/flixim-%s-%s\n' "$base" "$(place_hash "$1")" "$2"
}

# place_make_run FOLDER USER: makes the short folder, USER's own and writable for nobody else.
place_make_run() {
    local dir=$1 user=$2
    mkdir -m 0755 "$dir" 2>/dev/null || true
    if [ -L "$dir" ] || [ ! -d "$dir" ]; then
        die "cannot make the folder '$dir'"
    fi
    if [ "$(id -u)" = 0 ]; then
        chown "$user": "$dir" || die "cannot give '$dir' to user '$user'"
    elif [ ! -O "$dir" ]; then
        die "'$dir' belongs to somebody else"
    fi
    chmod 0755 "$dir"
}

# place_process PIDFILE WORD: prints the pid in PIDFILE if it is alive and WORD is among its arguments.
#
# A pid file outlives a crash and its number may by then be anybody's. The arguments are compared
# because, unlike /proc/PID/exe, they can be read without further rights in a container.
place_process() {
    local pid
    pid=$(head -n 1 "$1" 2>/dev/null) || return 1
    case $pid in '' | *[!0-9]*) return 1 ;; esac
    tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -e "$2" || return 1
    printf '%s\n' "$pid"
}
