// SPDX-License-Identifier: Apache-2.0
/** What to be notified of, and whether on this browser. */

import { ask, buttons } from './dialogs.js';
import { element } from './dom.js';
import { canNotify } from './notifications.js';
import { text } from './texts.js';

const TYPES = ['private_message', 'interaction', 'system_notification', 'system_announcement'];
/** Shown where there are no quiet hours yet. */
const NIGHT = { from: '22:00', until: '08:00' };

const toggle = (key, properties, hint = null) => element('label', { className: 'setting' },
    element('span', {}, text(key), hint), element('input', { type: 'checkbox', role: 'switch', ...properties }));

/** The switch for this browser acts at once: permission can be asked for at a click only. */
function browserToggle(notifications, key) {
    const hint = element('small', { role: 'status' });
    const say = (problem = null) => {
        const why = !canNotify() ? 'notify_unsupported' : !key ? 'notify_no_key' : Notification.permission === 'denied' ? 'notify_denied' : null;
        // Notes would be behind the dialog.
        hint.textContent = problem ?? text(why ?? 'notify_hint');
        hint.classList.toggle('error', problem !== null);
        return why === null;
    };
    const label = toggle('notify_here', { name: 'here', checked: notifications.isOn, disabled: !say() && !notifications.isOn }, hint);
    const input = label.querySelector('input');
    input.addEventListener('change', async () => {
        input.disabled = true;
        let problem = null;
        try {
            await (input.checked ? notifications.turnOn(key) : notifications.turnOff());
        } catch (error) {
            problem = text('no_luck', error.message);
        }
        input.checked = notifications.isOn;
        input.disabled = !say(problem) && !notifications.isOn;
    });
    return label;
}

/** Quiet hours: their part of the form; and read(), what was made of them: { from, until, time_zone }, null for none, undefined if they are wrong. */
function quietHours(had) {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone ?? 'UTC';
    let zone = had?.time_zone ?? own;
    const shown = element('small', {}, text('quiet_zone', zone));
    const time = (name, key) => element('label', {}, element('span', {}, text(key)),
        element('input', { type: 'time', name, required: true, value: (had ?? NIGHT)[name].slice(0, 5) }));
    const error = element('p', { className: 'error', role: 'alert', hidden: true }, text('quiet_same'));
    const times = element('div', { className: 'times', hidden: !had }, time('from', 'quiet_from'), time('until', 'quiet_until'), shown);
    const isOn = toggle('quiet_hours', { name: 'quiet', checked: Boolean(had) });
    // Whoever sets times means those of the clock beside them.
    const touched = () => {
        error.hidden = true;
        zone = own;
        shown.textContent = text('quiet_zone', zone);
    };
    times.addEventListener('input', touched);
    const enable = () => times.querySelectorAll('input').forEach(input => { input.disabled = times.hidden; });
    isOn.addEventListener('change', event => {
        times.hidden = !event.target.checked;
        enable();
        if (!had) {
            touched();
        }
    });
    enable();
    const read = data => {
        const [from, until] = [data.get('from'), data.get('until')];
        if (!data.has('quiet')) {
            return null;
        }
        error.hidden = from !== until;
        return error.hidden ? { from, until, time_zone: zone } : undefined;
    };
    return { parts: [isOn, times, error], read };
}

/** Shows the settings, and saves what is changed. */
export async function askAboutNotifications(im, notifications) {
    const settings = await im.notificationSettings();
    const quiet = quietHours(settings.quiet_hours);
    const form = element('form', { className: 'notifications' },
        element('h2', {}, text('notifications')),
        element('div', { className: 'settings' }, browserToggle(notifications, settings.web_push_public_key)),
        element('small', {}, text('on_all_devices')),
        element('div', { className: 'settings', role: 'group', 'aria-label': text('notify_what') }, element('h3', {}, text('notify_what')),
            ...TYPES.map(type => toggle(`notify_${type}`, { name: type, checked: settings.message_types[type] }))),
        element('div', { className: 'settings' }, ...quiet.parts),
        element('div', { className: 'settings' },
            toggle('show_text', { name: 'show_text', checked: settings.show_text }, element('small', {}, text('show_text_hint')))),
        buttons('save'));
    const change = await ask(form, () => {
        const data = new FormData(form);
        const hours = quiet.read(data);
        if (hours === undefined) {
            return null;
        }
        return {
            quiet_hours: hours,
            message_types: Object.fromEntries(TYPES.map(type => [type, data.has(type)])),
            show_text: data.has('show_text'),
        };
    });
    if (change) {
        await im.setNotificationSettings(change);
    }
}
