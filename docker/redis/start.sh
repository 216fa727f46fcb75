#!/bin/sh
# Writes the users with their passwords, which come from the environment, and starts the server: Redis or Valkey.
set -eu
umask 077
server=$(command -v redis-server || command -v valkey-server)
hash() { printf %s "$1" | sha256sum | cut -d' ' -f1; }
sed -e "s/@WEB@/#$(hash "$REDIS_WEB_PASSWORD")/" \
  -e "s/@WORKER@/#$(hash "$REDIS_WORKER_PASSWORD")/" \
  -e "s/@OPERATOR@/#$(hash "$REDIS_OPERATOR_PASSWORD")/" \
  /etc/tidings/users.acl >/tmp/users.acl
# Clients of 7.2 and newer say by CLIENT SETINFO which library they are; older servers don't know the command.
case $("$server" --version) in
*v=7.0.*) ;;
*) sed -i 's/ +client|setname/& +client|setinfo/' /tmp/users.acl ;;
esac
unset REDIS_WEB_PASSWORD REDIS_WORKER_PASSWORD REDIS_OPERATOR_PASSWORD
exec "$server" /etc/tidings/redis.conf "$@"
