-- SPDX-License-Identifier: Apache-2.0
-- Users' devices, through which a push service reaches who is not connected, and what each user wants to be told there.

SET LOCAL lock_timeout = '5s';

ALTER TYPE flixim.outcome ADD VALUE 'device_not_found';
ALTER TYPE flixim.outcome ADD VALUE 'too_many_devices';

CREATE TYPE flixim.push_provider AS ENUM ('web_push', 'apns', 'fcm', 'webhook');
COMMENT ON TYPE flixim.push_provider IS 'Device.provider: the service that reaches a device.';

CREATE TABLE flixim.devices (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    provider flixim.push_provider NOT NULL,
    app_id text COLLATE "C" NOT NULL DEFAULT '',
    token text COLLATE "C" NOT NULL,
    token_digest bytea NOT NULL CHECK (octet_length(token_digest) = 32),
    p256dh bytea,
    auth bytea,
    destination text COLLATE "C" NOT NULL DEFAULT '',
    platform text NOT NULL DEFAULT '',
    locale text NOT NULL DEFAULT '',
    inserted_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    disabled_at timestamptz,
    disabled_reason text,
    CHECK ((provider = 'web_push') = (p256dh IS NOT NULL AND auth IS NOT NULL)),
    CHECK ((disabled_at IS NULL) = (disabled_reason IS NULL)),
    UNIQUE (provider, app_id, token_digest)
);

COMMENT ON TABLE flixim.devices IS 'Where users can be reached by a push service. A token belongs to one user: whoever registers it last.';
COMMENT ON COLUMN flixim.devices.id IS 'Device.id, version 7.';
COMMENT ON COLUMN flixim.devices.user_id IS 'Whose it is. A device registered before users.tokens_valid_from is not used: whoever had the revoked token may hold it.';
COMMENT ON COLUMN flixim.devices.provider IS 'Device.provider.';
COMMENT ON COLUMN flixim.devices.app_id IS 'Device.app_id: the app at the provider (the bundle id of APNs); empty where there is one.';
COMMENT ON COLUMN flixim.devices.token IS 'The provider''s name of the device: its token, or the endpoint of a Web Push subscription.';
COMMENT ON COLUMN flixim.devices.token_digest IS 'SHA-256 of token, which may be too long for an index.';
COMMENT ON COLUMN flixim.devices.p256dh IS 'Web Push: the browser''s public key, 65 bytes (RFC 8291).';
COMMENT ON COLUMN flixim.devices.auth IS 'Web Push: the browser''s authentication secret, 16 bytes (RFC 8291).';
COMMENT ON COLUMN flixim.devices.destination IS 'Web Push: the origin of the endpoint, for one vendor that hangs is not to hold up the others. Empty elsewhere.';
COMMENT ON COLUMN flixim.devices.platform IS 'Device.platform: what the client says it is.';
COMMENT ON COLUMN flixim.devices.locale IS 'Device.locale: the language of what is shown there, a tag of RFC 5646; empty: Chinese.';
COMMENT ON COLUMN flixim.devices.inserted_at IS 'When it was first registered by this user.';
COMMENT ON COLUMN flixim.devices.updated_at IS 'When it was last registered.';
COMMENT ON COLUMN flixim.devices.disabled_at IS 'When the provider said that it is gone; registering it again enables it.';
COMMENT ON COLUMN flixim.devices.disabled_reason IS 'What the provider said.';
COMMENT ON INDEX flixim.devices_pkey IS 'A push finds its device.';
COMMENT ON INDEX flixim.devices_provider_app_id_token_digest_key IS 'A token that is registered again, by whomever.';

CREATE INDEX devices_user ON flixim.devices (user_id);
COMMENT ON INDEX flixim.devices_user IS 'A user''s devices: to list them, and to make a push for each.';

CREATE TABLE flixim.notification_settings (
    user_id uuid PRIMARY KEY,
    quiet_from time,
    quiet_until time,
    quiet_time_zone text,
    system_notification boolean NOT NULL DEFAULT true,
    system_announcement boolean NOT NULL DEFAULT true,
    interaction boolean NOT NULL DEFAULT true,
    private_message boolean NOT NULL DEFAULT true,
    shows_text boolean NOT NULL DEFAULT true,
    updated_at timestamptz NOT NULL,
    CHECK (num_nonnulls(quiet_from, quiet_until, quiet_time_zone) IN (0, 3)),
    CHECK (quiet_from <> quiet_until)
);

COMMENT ON TABLE flixim.notification_settings IS 'What a user wants pushes for; no row: everything. Mute per conversation is members.is_muted.';
COMMENT ON COLUMN flixim.notification_settings.user_id IS 'Whose they are.';
COMMENT ON COLUMN flixim.notification_settings.quiet_from IS 'From this time of day on there are no pushes; NULL: no quiet hours.';
COMMENT ON COLUMN flixim.notification_settings.quiet_until IS 'Until this time of day; the next day''s where it is before quiet_from.';
COMMENT ON COLUMN flixim.notification_settings.quiet_time_zone IS 'The two are times of this zone, a name that PostgreSQL knows.';
COMMENT ON COLUMN flixim.notification_settings.system_notification IS 'Whether there are pushes for messages of this type.';
COMMENT ON COLUMN flixim.notification_settings.system_announcement IS 'Whether there are pushes for messages of this type.';
COMMENT ON COLUMN flixim.notification_settings.interaction IS 'Whether there are pushes for messages of this type.';
COMMENT ON COLUMN flixim.notification_settings.private_message IS 'Whether there are pushes for messages of this type.';
COMMENT ON COLUMN flixim.notification_settings.shows_text IS 'Whether pushes have the message''s text, for the provider and the lock screen to see.';
COMMENT ON COLUMN flixim.notification_settings.updated_at IS 'When they were last changed.';
COMMENT ON INDEX flixim.notification_settings_pkey IS 'A user''s own.';

CREATE TYPE flixim.device_answer AS (
    outcome flixim.outcome,
    field text,
    rule text,
    id uuid,
    provider flixim.push_provider,
    app_id text,
    token text,
    platform text,
    locale text,
    status text,
    disabled_reason text,
    inserted_at timestamptz,
    updated_at timestamptz
);
COMMENT ON TYPE flixim.device_answer IS 'A Device as its user sees it, or in the first row of a list the head; or why there is none.';

CREATE TYPE flixim.notification_settings_answer AS (
    outcome flixim.outcome,
    field text,
    rule text,
    quiet_from text,
    quiet_until text,
    quiet_time_zone text,
    system_notification boolean,
    system_announcement boolean,
    interaction boolean,
    private_message boolean,
    show_text boolean,
    web_push_public_key text,
    updated_at timestamptz
);
COMMENT ON TYPE flixim.notification_settings_answer IS 'What a user wants pushes for, and the key with which browsers subscribe; or why it was refused.';
