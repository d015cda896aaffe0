-- SPDX-License-Identifier: Apache-2.0
-- Who may what. Functions are granted, tables are not; what is not named here is for the owner's functions alone.
-- flixim_app: the module and the daemons. flixim_admin: the people who run the site.

ALTER DEFAULT PRIVILEGES FOR ROLE flixim_owner REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
REVOKE ALL ON ALL ROUTINES IN SCHEMA flixim FROM PUBLIC, flixim_app, flixim_admin;
REVOKE ALL ON ALL TABLES IN SCHEMA flixim FROM PUBLIC, flixim_app, flixim_admin;
REVOKE ALL ON SCHEMA flixim FROM PUBLIC, flixim_app, flixim_admin;

GRANT USAGE ON SCHEMA flixim TO flixim_app, flixim_admin;

GRANT EXECUTE ON ROUTINE
    -- requests
    flixim.check_token,
    flixim.token_user,
    flixim.check_tokens,
    flixim.send_messages,
    flixim.send_to_each,
    flixim.get_message,
    flixim.list_messages,
    flixim.unread_counts,
    flixim.mark_read,
    flixim.mark_read_batch,
    flixim.read_all,
    flixim.mark_read_up_to,
    flixim.withdraw_message,
    flixim.delete_message,
    flixim.list_conversations,
    flixim.get_conversation,
    flixim.update_conversation,
    flixim.create_conversation,
    flixim.list_history,
    flixim.sync_messages,
    flixim.sync_events,
    flixim.sync_and_note,
    flixim.add_device,
    flixim.list_devices,
    flixim.delete_device,
    flixim.get_notification_settings,
    flixim.update_notification_settings,
    -- steps of read_all and mark_read_up_to, which run with the caller's rights
    flixim.read_bound,
    flixim.read_chunk,
    flixim.begin_read_up_to,
    -- connections and the stream
    flixim.authenticate,
    flixim.authenticate_each,
    flixim.listener_idle,
    flixim.listener_horizon,
    flixim.listener_busy,
    flixim.read_stream,
    flixim.fetch_messages,
    flixim.fetch_events,
    -- presence and pushes
    flixim.beat,
    flixim.end_daemon,
    flixim.update_presence,
    flixim.push_missed,
    flixim.collect_pushes,
    flixim.claim_pushes,
    flixim.settle_pushes,
    flixim.push_figures,
    -- upkeep
    flixim.schema_version,
    flixim.keep_partitions,
    flixim.drop_expired_events
TO flixim_app;

GRANT EXECUTE ON ROUTINE
    flixim.issue_token,
    flixim.revoke_token,
    flixim.revoke_user_tokens,
    flixim.configure,
    flixim.push_figures,
    flixim.list_dead_pushes,
    flixim.retry_dead_pushes,
    flixim.drop_dead_pushes,
    flixim.online_users,
    flixim.check_invariants,
    flixim.schema_version,
    flixim.keep_partitions,
    flixim.drop_expired_events
TO flixim_admin;
