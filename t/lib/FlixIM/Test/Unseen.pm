# SPDX-License-Identifier: Apache-2.0
# Mutants of the transport that no test can see, each with the reason why not. One that is seen after all costs nothing here; one
# that matches nothing any more fails t/mutants.
package FlixIM::Test::Unseen;

use strict;
use warnings FATAL => 'all';

use Exporter qw(import);

our @EXPORT_OK = qw(unseen unused);

# [ beginning of their names (without line numbers), reason ]
my @unseen = (
    map({ [ $_ => 'there is always memory' ] }
        'pushd/websocket.c: never (block == NULL)', 'pushd/websocket.c: never (head == NULL)', 'pushd/websocket.c: never (message == NULL)',
        'pushd/websocket.c: never (append(socket, piece->at, piece->count) != 0)', 'pushd/websocket.c: never (socket == NULL)',
        'pushd/websocket.c: never (socket->receiver == NULL)', 'pushd/websocket.c: never (socket->reader == NULL)',
        'pushd/request.c: never (body == NULL)', 'pushd/request.c: never (grown == NULL)', 'pushd/http.c: never (block == NULL)',
        'libflixim/flx_connect.c: never (connect->memory == NULL)'),
    map({ [ $_ => 'wslay itself refuses such a frame' ] }
        'pushd/websocket.c: without ((is_control && (!frame->is_final || frame->length > PUSH_FRAME_CONTROL)))',
        'pushd/websocket.c: without (!frame->is_final)', 'pushd/websocket.c: without (frame->length > PUSH_FRAME_CONTROL)'),
    map({ [ $_ => 'http-parser itself refuses such a head' ] }
        'pushd/request.c: without (lengths > 1)', 'pushd/request.c: without ((lengths > 0 && codings > 0))',
        'pushd/request.c: never (length.length == 0', 'pushd/request.c: without (length.length == 0)',
        'pushd/request.c: without (length.length > LENGTH_CHARS)', 'pushd/request.c: moved (length.length > LENGTH_CHARS)',
        q{pushd/request.c: never (length.at[i] < '0'}, q{pushd/request.c: without (length.at[i] }, q{pushd/request.c: moved (length.at[i] > '9')},
        'pushd/request.c: never (name->length == 0)', 'pushd/request.c: never (!request->has_head)', q{pushd/request.c: moved (target.at[i] <= ' ')},
        'pushd/request.c: without (target.length > 0)', 'pushd/request.c: moved (target.length > 0)', 'pushd/request.c: never (at == NULL ||',
        'pushd/request.c: without (at == NULL)', 'pushd/request.c: without (target.length - ', 'pushd/request.c: without (at[',
        'pushd/request.c: moved (< 3)'),
    [ 'pushd/request.c: moved (< 0)' => 'http-parser takes a byte, or says why not' ],
    [ 'pushd/request.c: moved (used < 0)' => 'http-parser takes a byte, or says why not' ],
    [ 'pushd/request.c: without (length > 0)' => 'an empty line does not begin with a blank' ],
    [ 'pushd/request.c: moved (length > 0)' => 'an empty line does not begin with a blank' ],
    [ 'pushd/request.c: moved (is_complete > 0)' => 'what is not complete has been returned before' ],
    [ 'pushd/request.c: never (length == 0)' => 'nobody calls it without a byte' ],
    [ 'pushd/websocket.c: never (!is_alive(socket))' => 'the connection drops what is left, and the reader goes with the socket' ],
    [ 'libflixim/flx_origin.c: never (end - at < 2)' => 'what begins behind the end is empty, and no host' ],
    [ 'libflixim/flx_origin.c: moved (end - at < 2)' => 'what begins at the end is empty, and no host' ],
    [ 'libflixim/flx_origin.c: without (parts->scheme.length == 1)' => 'an origin without a scheme is refused' ],
    [ 'libflixim/flx_origin.c: never (host.length <= allowed.length)' => 'what lies before a host are two slashes, which no host has' ],
    [ 'libflixim/flx_origin.c: moved (host.length <= allowed.length)' => 'a host of that length is the same, or none' ],
    [ 'libflixim/flx_origin.c: never (parse(text, &allowed) != 0)' => 'settings.c has refused such an entry' ],
    [ 'pushd/websocket.c: moved (waiting + bytes' => 'a byte more or less, of which the kernel has taken some' ],
    [ 'pushd/websocket.c: moved (socket->room' => 'grows a byte early' ],
    [ 'pushd/websocket.c: never (socket->length == 0)' => 'copies what need not be copied' ],
    [ 'pushd/websocket.c: never (piece->is_first && check_header(socket, piece) != 0)' => 'check_header has closed the socket, which ends the reading' ],
    [ 'pushd/websocket.c: never (length == 0)' => 'takes a reader and gives it back' ],
    [ 'pushd/websocket.c: moved (now - ' => 'a millisecond more or less' ],
    [ 'pushd/websocket.c: without (!socket->is_closing)' => 'a connection is not open any more when its socket is closing' ],
    [ 'pushd/websocket.c: without (socket->connection->phase == PUSH_CONNECTION_OPEN)' => 'a connection that breaks in the midst of a message' ],
    [ 'pushd/http.c: never (state->request == NULL)' => 'there is always memory' ],
    [ 'pushd/http.c: without ((state->request == NULL && begin_request(state) != 0))' => 'there is always memory' ],
    [ 'pushd/http.c: moved (unread > (size_t)settings->queue_size)' => 'a byte more or less' ],
    [ 'pushd/connection.c: never (uv_read_start(' => 'it always starts' ],
    [ 'pushd/connection.c: never (push_outbox_add(' => 'there is always memory' ],
    [ 'pushd/connection.c: not (connection->is_local)' => 'libuv takes one for the other' ],
    [ 'pushd/connection.c: never (connection->is_local)' => 'libuv takes a Unix socket for TCP as well' ],
    [ 'pushd/connection.c: moved (length < 0)' => 'that it is 0 has been seen before' ],
    [ 'pushd/connection.c: moved (got < 0)' => 'reading ends with 0 or less' ],
    [ 'pushd/connection.c: without (connection->phase == PUSH_CONNECTION_OPEN)' => 'another phase takes it just so' ],
    [ 'pushd/connection.c: never (failed != 0)' => 'libuv takes every descriptor' ],
    [ 'pushd/connection.c: never (is_tls && (server->tls' => 'there is always memory, and a certificate where TLS is listened for' ],
    [ 'pushd/connection.c: without ((server->tls == NULL ||' => 'there is always memory, and a certificate where TLS is listened for' ],
    [ 'pushd/connection.c: without (server->tls == NULL)' => 'there is a certificate where TLS is listened for' ],
    [ 'pushd/connection.c: without ((connection->tls = push_tls_accept(' => 'there is always memory' ],
    [ 'pushd/connection.c: never (kept == NULL)' => 'there is always memory' ],
    [ 'pushd/connection.c: never (taken == 0 && length > 0)' => 'no protocol of ours takes nothing' ],
    [ 'pushd/http.c: moved (> 0)' => 'ends a connection more politely than it need' ],
    [ 'pushd/frames.c: never (count == 0)' => 'wslay takes 0 bytes for the same' ],
    [ 'pushd/frames.c: never (reader != NULL)' => 'readers are made anew' ],
    [ 'pushd/frames.c: without (reader->unparsed > HEAD)' => 'no head is longer' ],
    [ q{pushd/request.c: without (host.at[i] > '~')} => 'bytes above 127 are negative, and DEL does not get here' ],
    [ q{pushd/request.c: without (target.at[i] > '~')} => 'bytes above 127 are negative, and DEL does not get here' ],
    [ 'pushd/request.c: without (request->head.count == 0)' => 'a value follows its name' ],
    map({ [ "libflixim/flx_connect.c: without ($_ != 0)" => 'what cannot be taken is left for the next, which refuses it' ] }
        'take_number(&text, &major)', 'take_number(&text, &minor)', 'take_dot(&text)'),
    [ 'libflixim/flx_connect.c: without (text->length == 0)' => 'looks at a byte that is not written yet' ],
    [ 'libflixim/flx_connect.c: without (major < 1)' => 'the version 0 is refused as such' ],
    [ 'libflixim/flx_connect.c: without (name.length > length + 1)' => 'looks at a byte that is not written yet' ],
    [ 'libflixim/flx_connect.c: moved (name.length > length + 1)' => 'what is one byte longer cannot have two brackets' ],
    [ 'libflixim/flx_request.c: moved (length > 0)' => 'an empty item is not what anybody looks for' ],
    [ 'libflixim/flx_connect.c: without (has_label < 0)' => 'what is malformed is left over, which is refused' ],
    [ q{libflixim/flx_request.c: without (text[i] == '\0')} => 'no head has a NUL to compare it with' ],
    [ 'pushd/handoff.c: never (one->request == NULL)' => 'there is always memory' ],
    [ 'pushd/handoff.c: without (got->fd < 0)' => 'none is no client either' ],
    [ 'pushd/handoff.c: moved (got->fd < 0)' => 'standard input is open' ],
    [ 'pushd/handoff.c: moved (got->fd >= 0)' => 'standard input is open' ],
    [ 'pushd/parcel.c: without (domain == AF_INET6)' => 'not everywhere is there IPv6' ],
);
my %used;

# The reason why a mutant cannot be seen; undef: it must be.
sub unseen {
    my ($mutant) = @_;
    my $name = $mutant->{name} =~ s/:\d+:/:/r;
    for my $row (@unseen) {
        next if index($name, $row->[0]) != 0;
        $used{ $row->[0] }++;
        return $row->[1];
    }
    return;
}

# The rows that were good for nothing.
sub unused { return map { $_->[0] } grep { !$used{ $_->[0] } } @unseen }

1;
