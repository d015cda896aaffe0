# SPDX-License-Identifier: Apache-2.0
# The peer that stores nothing: Debian's nginx with its module nchan, two workers, subscribers over WebSockets, publishing by POST.
package FlixIM::Bench::Nchan;

use strict;
use warnings FATAL => 'all';

use File::Temp       ();
use IO::Socket::INET ();

use FlixIM::Bench qw(slurp spew);
use FlixIM::Bench::Server;
use FlixIM::Test::Cluster;

use parent -norequire, 'FlixIM::Bench::Server';

=head1 SYNOPSIS

    my $nchan = FlixIM::Bench::Nchan->start(
        groups => { $group => [$user, ...], ... },    # whose subscribers hear a group's channel; others hear that of their own name
    );
    # subscribe: GET /sub/USER, a WebSocket; publish: POST /pub/CHANNEL

Debian's packages are taken apart, not installed: installed they would start a service and leave it enabled.

=cut

our @packages = qw(nginx libnginx-mod-nchan);
my $folder;    # what was in them

sub start {
    my ($class, %option) = @_;
    unpack_packages();
    my $self = bless { name => 'Nchan', port => FlixIM::Bench::Server::free_port(), needs_term => 1 }, $class;
    $self->{home} = File::Temp->newdir('fx-nchan-XXXXX', DIR => '/tmp');
    # The folder for large messages is compiled in, and no directive changes it: this copy has ours, whose path is as long.
    my $module = slurp("$folder/usr/lib/nginx/modules/ngx_nchan_module.so");
    my $count = $module =~ s{/var/lib/nginx/body}{$self->{home}}g;
    die "nchan: $count folders for large messages, or ours is not as long\n" if $count != 1 || length $self->{home} != 19;
    spew("$self->{home}/nchan.so", $module);
    my %groups = %{ $option{groups} // {} };
    spew("$self->{home}/groups.map", map { my $group = $_; map {"/sub/$_ $group;\n"} @{ $groups{$group} } } sort keys %groups);
    spew("$self->{home}/nginx.conf", $self->_conf);
    return $self->launch({}, qw(setpriv --pdeathsig TERM), "$folder/usr/sbin/nginx", '-p', "$self->{home}", '-e', 'stderr', '-c', "$self->{home}/nginx.conf");
}

sub load {
    my ($self) = @_;
    return ($self->SUPER::load, protocol => 'nchan', path => '/sub/%s', publish => '/pub/%s');
}

# The master listens before it has its two workers.
sub is_ready {
    my ($self) = @_;
    my @pids = $self->pids;
    return @pids == 3 && IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->port, Timeout => 1);
}

# What a channel keeps for those who come late is off: nobody does.
sub _conf {
    my ($self) = @_;
    my $user = $> == 0 ? 'user www-data;' : '';
    return <<~"CONF";
        load_module $self->{home}/nchan.so;
        $user
        daemon off;
        pid $self->{home}/nginx.pid;
        worker_processes 2;
        worker_rlimit_nofile 20000;
        events {
            worker_connections 18000;
            multi_accept on;
        }
        http {
            access_log off;
            client_body_temp_path $self->{home}/body;
            client_body_buffer_size 64k;
            proxy_temp_path $self->{home}/proxy;
            fastcgi_temp_path $self->{home}/fastcgi;
            scgi_temp_path $self->{home}/scgi;
            uwsgi_temp_path $self->{home}/uwsgi;
            variables_hash_max_size 4096;
            client_body_in_single_buffer on;
            keepalive_requests 100000000;
            nchan_shared_memory_size 256M;
            map_hash_max_size 65536;
            map_hash_bucket_size 256;
            map \$uri \$channel {
                include $self->{home}/groups.map;
                ~^/sub/(?<subscriber>[^/]+)\$ \$subscriber;
            }
            server {
                listen 127.0.0.1:$self->{port} backlog=4096;
                location /sub/ {
                    nchan_subscriber websocket;
                    nchan_channel_id \$channel;
                    nchan_subscriber_first_message newest;
                }
                location ~ ^/pub/(.+)\$ {
                    nchan_publisher http;
                    nchan_channel_id \$1;
                    nchan_message_buffer_length 0;
                }
            }
        }
        CONF
}

# The lists of what there is may be missing, or old: then they are brought up to date, which only root may.
sub unpack_packages {
    return if $folder;
    my $new = File::Temp->newdir('flixim-nginx-XXXXXX', TMPDIR => 1);
    chmod 0755, "$new" or die "chmod: $!";
    my $get = "cd '$new' && apt-get -q download @packages";
    my ($status, $text) = FlixIM::Test::Cluster::capture_all('bash', '-c', $get);
    if ($status) {
        FlixIM::Test::Cluster::capture_all('bash', '-c', $> == 0 ? 'apt-get -q update' : 'sudo -n apt-get -q update');
        ($status, $text) = FlixIM::Test::Cluster::capture_all('bash', '-c', $get);
    }
    die "cannot get @packages:\n$text" if $status;
    for my $package (glob "$new/*.deb") {
        system('dpkg-deb', '-x', $package, "$new") == 0 or die "$package: status $?\n";
    }
    $folder = $new;
    return;
}

END { $folder = undef }

1;
