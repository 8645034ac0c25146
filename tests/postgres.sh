# Run a PostgreSQL server in a folder of its own for as long as standard input stays open: a test run that is
# killed closes it, too. Prints "ready FOLDER", where FOLDER holds the socket, or what went wrong.
# $1 is the folder of the server's programs, $2 the one in which it is made: a short path, since that of a socket has
# some hundred bytes at most.
bin=$1
dir=$(mktemp -d "$2/mhc-pg-XXXXXX" || mktemp -d /tmp/mhc-pg-XXXXXX) 2>/dev/null || exit 1
trap 'rm -rf "$dir"' EXIT

init() {
    "$bin/initdb" -D "$dir/data" -U mhc -A trust -E UTF8 --no-sync "--locale=$1" >"$dir/log" 2>&1
}
init C.UTF-8 || { rm -rf "$dir/data"; init C; } || { cat "$dir/log"; exit 1; }

cat >>"$dir/data/postgresql.conf" <<END
listen_addresses = ''
unix_socket_directories = '$dir'
port = 5432
max_connections = 40
shared_buffers = 32MB
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 256MB
END
"$bin/pg_ctl" -D "$dir/data" -l "$dir/log" -w -s start || { cat "$dir/log"; exit 1; }
echo "ready $dir"
read -r _
"$bin/pg_ctl" -D "$dir/data" -m immediate -w -s stop
