#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# A daemon that takes connections from httpd, and does with each what its request says; for FlixIM::Test::Taker.
#
#   do=take     101; answers the client itself, then sends back whatever comes (the default)
#   do=STATUS   refuses with it, and with what "say=" has
#   do=silent   has no verdict; and with "after=MS" has 101, so late
#   do=leave    closes instead of a verdict
#   do=nonsense says what is no verdict
#   do=drop     101, and closes then
#
# Where there is no request, as with TLS, it does the last of its arguments.
import array, json, os, selectors, socket, struct, sys, time, urllib.parse

path, backlog, usual = sys.argv[1], int(sys.argv[2]), sys.argv[3]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(path)
os.chmod(path, 0o666)
listener.listen(backlog)
chosen = selectors.DefaultSelector()
late = []


def tell(**what):
    print(json.dumps(what), flush=True)


def verdict(status, body=b""):
    return b"V\1" + struct.pack(">H", status) + body


def say(line, packet):
    try:
        line.send(packet)
    except OSError:
        tell(event="too late")


def judge(line, packet):
    kind, length = packet[2], packet[3]
    address, head = packet[4:4 + length].decode(), packet[4 + length:]
    tell(event="question", kind=kind, address=address, head=head.decode("latin-1"))
    target = head.split(b" ", 2)[1].decode("latin-1") if head else ""
    asked = dict(urllib.parse.parse_qsl(target.partition("?")[2], keep_blank_values=True))
    do = asked.get("do", usual)
    if do == "leave":
        return False
    if do == "silent":
        if "after" in asked:
            late.append((time.monotonic() + int(asked["after"]) / 1000, line))
        return True
    if do == "nonsense":
        say(line, b"what?")
    elif do in ("take", "drop"):
        say(line, verdict(101))
    else:
        say(line, verdict(int(do), asked.get("say", "").encode()))
    return do != "drop"


def take(packet, fds):
    client = socket.socket(fileno=fds[0])
    tell(event="connection", count=len(fds), read=packet[2:102].decode("latin-1"), length=len(packet) - 2)
    client.setblocking(True)
    client.send(b"HTTP/1.1 101 Switching Protocols\r\nX-Pid: %d\r\n\r\n" % os.getpid() + packet[2:])
    client.setblocking(False)
    chosen.register(client, selectors.EVENT_READ, echo)


def echo(client):
    try:
        bytes = client.recv(65536)
    except OSError:
        bytes = b""
    if bytes:
        client.send(bytes)
    else:
        tell(event="end")
        chosen.unregister(client)
        client.close()


def hear(line):
    try:
        packet, fds, _, _ = socket.recv_fds(line, 131072, 4)
    except OSError:
        packet, fds = b"", []
    if packet[:1] == b"Q" and judge(line, packet):
        return
    if packet[:1] == b"C" and fds:
        take(packet, fds)
    elif not packet:
        tell(event="hung up")
    chosen.unregister(line)
    line.close()


def accept(_):
    line, _ = listener.accept()
    chosen.register(line, selectors.EVENT_READ, hear)


chosen.register(listener, selectors.EVENT_READ, accept)
tell(event="ready")
while True:
    for key, _ in chosen.select(0.05 if late else None):
        key.data(key.fileobj)
    for entry in [entry for entry in late if entry[0] <= time.monotonic()]:
        late.remove(entry)
        say(entry[1], verdict(101))
