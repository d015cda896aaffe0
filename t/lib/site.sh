# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # state, home, port and so on are ./dev's
# The site that ./dev run serves: httpd's and flixim-pushd's configuration, the secret, the chat page; sourced by dev.

# The page's one client library, from npm; its sum is npm's own ("npm view phoenix@VERSION dist.integrity"), in hexadecimal.
phoenix_version=1.8.16
phoenix_sha512=6cd349918067112d8c1e8f178c183a44e2bb894ec57987e400da539d8ce1d9e70e8a923ef19175c2289676faafd987d5e0c55bf72149044d813c5f915e05d7bb

phoenix_file() {
    printf '%s' "$state/npm/phoenix-$phoenix_version.tgz"
}

# Fetches it into the state folder, once. What is not what it should be is not kept. Without it all runs but the page.
fetch_phoenix() {
    local file
    file=$(phoenix_file)
    [ ! -s "$file" ] || return 0
    command -v npm >/dev/null || install_packages "${npm_packages[@]}"
    rm -rf -- "$state/npm" && mkdir -p -- "$state/npm/new"
    # Its cache and its own logs would go to a home folder, which not every user has.
    if ! (cd "$state/npm/new" && npm pack --loglevel=error --no-update-notifier --fetch-retries=1 --cache="$state/npm/cache" \
        "phoenix@$phoenix_version") >"$state/npm.log" 2>&1; then
        warn "cannot fetch the npm package phoenix $phoenix_version, so the chat page will not work:" \
            "$(grep -m 1 -i 'err' "$state/npm.log" || tail -n 1 "$state/npm.log")"
        return 0
    fi
    rm -rf -- "$state/npm/cache"
    echo "$phoenix_sha512  $state/npm/new/${file##*/}" | sha512sum --check --quiet >/dev/null 2>&1 ||
        die "the npm package phoenix $phoenix_version is not the one that this was tried with"
    mv -- "$state/npm/new/${file##*/}" "$file"
}

# install_page FOLDER: puts the chat page there as httpd serves it.
install_page() {
    local to=$1
    rm -rf -- "$to"
    mkdir -p -- "$to"/{page,js,vendor}
    cp -- "$home"/clients/page/*.* "$to/page/"
    mv -- "$to/page/index.html" "$to/page/sw.js" "$to/"
    tar -C "$home/clients/js" --exclude=./node_modules -cf - . | tar -C "$to/js" -xf -
    [ ! -s "$(phoenix_file)" ] ||
        tar -xOzf "$(phoenix_file)" package/priv/static/phoenix.mjs >"$to/vendor/phoenix.mjs"
    # The tree it came from may be read-only; the next run replaces this.
    chmod -R u+w,a+rX "$to"
}

# make_keys FOLDER: the secret that GET /token signs with, and the key that browsers subscribe with, made once for a state. httpd reads
# its own before it gives up root's rights; flixim-pushd has its copies in a folder of its own.
make_keys() {
    [ "$(id -u)" != 0 ] || chown "$httpd_user": "$1"
    make_key token.key "$1" random_secret
    make_key web_push.pem "$1" openssl ecparam -name prime256v1 -genkey -noout
}

# make_key NAME FOLDER COMMAND...: what the command prints.
make_key() {
    local name=$1 folder=$2
    shift 2
    if [ ! -s "$state/$name" ]; then
        (umask 077 && "$@" >"$state/$name.new") || die "cannot make the key '$state/$name'"
        mv -- "$state/$name.new" "$state/$name"
    fi
    rm -f -- "$folder/$name"
    (umask 077 && cp -- "$state/$name" "$folder/$name")
    [ "$(id -u)" != 0 ] || chown "$httpd_user": "$folder/$name"
}

random_secret() {
    head -c 48 /dev/urandom | base64
}

# Prints flixim-pushd's settings.
pushd_conf() {
    printf '%s\n' "# Written anew at each start by ./dev run." \
        "listen_unix = $pushd_socket" "listen_handoff = ${pushd_socket%/*}/handoff.sock" "token_key_file = $pushd_home/token.key" \
        "web_push_key_file = $pushd_home/web_push.pem" "web_push_subject = mailto:admin@example.org" \
        "database = host=$PGHOST dbname=flixim user=flixim_push" "drain_time = 1s"
}

# Prints httpd's configuration: what a site would have around conf/flixim.conf, and that file with its
# database, its modules and its daemon replaced by ours.
httpd_conf() {
    local modules name
    modules=$(apxs -q LIBEXECDIR)
    printf '%s\n' "# Written anew at each start by ./dev run." \
        "ServerRoot \"$state\"" "PidFile \"$state/httpd.pid\"" "ErrorLog \"$state/httpd.log\"" \
        "DocumentRoot \"$httpd_home/page\"" \
        "Listen 127.0.0.1:$port" "ServerName localhost:$port" "LogLevel warn flixim:info" \
        "ServerTokens Prod" "KeepAlive on" "StartServers 2"
    [ "$(id -u)" != 0 ] || printf '%s\n' "User $httpd_user" "Group $(id -gn "$httpd_user")"
    for name in mpm_event authz_core dbd dir headers mime proxy proxy_http; do
        printf 'LoadModule %s_module "%s/mod_%s.so"\n' "$name" "$modules" "$name"
    done
    printf 'LoadModule flixim_module "%s"\n' "$module"
    cat <<TEXT
<Directory />
    Require all denied
</Directory>
<Directory "$httpd_home/page">
    Require all granted
    Header always set Content-Security-Policy "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types flixim-worker; frame-ancestors 'none'"
    Header always set X-Content-Type-Options nosniff
    Header always set Referrer-Policy no-referrer
    Header always set Cache-Control no-cache
</Directory>
TypesConfig /dev/null
AddType "text/html; charset=utf-8" .html
AddType "text/css; charset=utf-8" .css
AddType "text/javascript; charset=utf-8" .js .mjs
AddType image/svg+xml .svg
AddType image/png .png
AddType application/manifest+json .json
TEXT
    sed -e '/^LoadModule /d' -e "s#host=/run/postgresql#host=$PGHOST#" -e "s#/run/flixim/pushd.sock#$pushd_socket#" \
        -e "s#^FlixIMHandoff .*#FlixIMHandoff \"${pushd_socket%/*}/handoff.sock\"#" \
        -e "s#^\\#FlixIMTokenKeyFile .*#FlixIMTokenKeyFile \"$state/token.key\"#" "$home/conf/flixim.conf"
}
