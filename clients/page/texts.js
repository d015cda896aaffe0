// SPDX-License-Identifier: Apache-2.0
/** All texts of the page, Chinese and English, and how times and dates are written. */

const KEY = 'flixim-language';

/** English, Chinese; {0} and {1} stand for what is put in. */
const TEXTS = {
    login_hint: ['Log in with your user id and a token of your site.', '请用用户ID和站点令牌登录。'],
    user_id: ['User id', '用户ID'],
    token: ['Token', '令牌'],
    log_in: ['Log in', '登录'],
    log_out: ['Log out', '退出登录'],
    other_language: ['中文', 'English'],
    other_language_short: ['中', 'EN'],
    no_uuid: ['A user id is a UUID: 36 letters, digits and hyphens.', '用户ID是36位的UUID。'],
    no_token: ['The token is missing.', '请填写令牌。'],
    refused: ['The server refuses this token.', '服务器拒绝了此令牌。'],
    log_in_again: ['Log in again', '重新登录'],

    conversations: ['Conversations', '会话'],
    messages: ['Messages', '消息'],
    no_conversations: ['No conversation yet', '还没有会话'],
    new_chat: ['New chat', '发起聊天'],
    choose_conversation: ['Choose a conversation, or begin a new one.', '选择一个会话，或发起新的聊天。'],
    back: ['Back', '返回'],
    pin: ['Pin', '置顶'],
    unpin: ['Unpin', '取消置顶'],
    mute: ['Mute', '免打扰'],
    unmute: ['Unmute', '取消免打扰'],
    pinned: ['pinned', '已置顶'],
    muted: ['muted', '免打扰'],
    unread: ['{0} unread', '{0}条未读'],
    draft: ['[Draft] ', '[草稿] '],
    members: ['{0} members', '{0}位成员'],
    private_detail: ['Private chat', '私聊'],
    system_detail: ['From the site', '来自站点'],
    interaction_detail: ['What others liked and commented on', '他人的点赞与评论'],
    online: ['Online', '在线'],
    connecting: ['Connecting …', '连接中…'],
    offline: ['Offline', '离线'],
    banner_offline: ['No network. Messages are sent once it is back.', '网络不可用，恢复后会自动发送消息。'],
    banner_connecting: ['Connection lost, connecting …', '连接已断开，正在重连…'],
    banner_unavailable: ['The server cannot reach its database; trying again …', '服务器暂时无法访问数据库，正在重试…'],

    write_here: ['Write a message', '输入消息'],
    send: ['Send', '发送'],
    read_only: ['One cannot reply here.', '此会话不能回复。'],
    to_newest: ['To the newest message', '跳到最新消息'],
    beginning: ['The conversation begins here', '会话从这里开始'],
    loading: ['Loading …', '加载中…'],
    load_failed: ['Could not load; try again', '加载失败，点击重试'],
    new_messages: ['New messages', '新消息'],
    sending: ['Sending', '发送中'],
    sent: ['Sent', '已发送'],
    read: ['Read', '已读'],
    failed: ['Not sent', '发送失败'],
    retry: ['Try again', '重试'],
    discard: ['Discard', '放弃'],
    you_recalled: ['You recalled a message', '你撤回了一条消息'],
    they_recalled: ['{0} recalled a message', '{0}撤回了一条消息'],
    message_menu: ['What to do with this message', '消息操作'],
    copy: ['Copy', '复制'],
    recall: ['Recall', '撤回'],
    delete_for_me: ['Delete for me', '仅为我删除'],
    delete_question: ['Delete this message? Others keep it.', '删除这条消息？其他人仍能看到。'],
    delete: ['Delete', '删除'],
    cancel: ['Cancel', '取消'],
    withdraw_window_closed: ['A message can be recalled within two minutes only.', '消息只能在两分钟内撤回。'],
    no_luck: ['That did not work: {0}', '操作失败：{0}'],
    picture: ['Picture', '图片'],
    open_link: ['Open', '打开'],

    who_with: ['With whom?', '和谁聊天？'],
    ids_hint: ['User ids, one on a line. One is a private chat, several make a group.', '每行一个用户ID。一个为私聊，多个为群聊。'],
    ids_wrong: ['This is no user id: {0}', '这不是用户ID：{0}'],
    ids_none: ['Choose somebody else.', '请选择其他用户。'],
    begin: ['Begin', '开始'],

    notifications: ['Notifications', '通知'],
    notifications_on: ['Notifications: on', '通知：已开启'],
    notifications_off: ['Notifications: off', '通知：已关闭'],
    notify_here: ['On this browser', '在此浏览器接收通知'],
    notify_hint: ['Messages show up while this page is closed, for whoever sits at this browser.', '页面关闭时也会显示消息，使用此浏览器的人都能看到。'],
    notify_unsupported: ['This browser cannot show them here. On a phone, add the page to the home screen first.', '此浏览器不支持通知。手机上请先将页面添加到主屏幕。'],
    notify_no_key: ['This site has no Web Push.', '此站点未启用网页推送。'],
    notify_denied: ['They are blocked in the browser’s settings for this site.', '通知已在浏览器的站点设置中被阻止。'],
    notify_what: ['Notify me of', '接收以下消息的通知'],
    notify_private_message: ['Chats', '聊天'],
    notify_interaction: ['Interactions', '互动消息'],
    notify_system_notification: ['Notices', '系统通知'],
    notify_system_announcement: ['Announcements', '系统公告'],
    quiet_hours: ['Quiet hours', '免打扰时段'],
    quiet_from: ['From', '从'],
    quiet_until: ['Until', '到'],
    quiet_zone: ['Time zone: {0}', '时区：{0}'],
    quiet_same: ['They cannot end when they begin.', '开始和结束时间不能相同。'],
    show_text: ['Show what messages say', '显示消息内容'],
    show_text_hint: ['Off: only that there is something, for screens that others see.', '关闭后只提示有新消息，适合他人可见的屏幕。'],
    on_all_devices: ['On all your devices', '适用于您的所有设备'],
    save: ['Save', '保存'],

    group: ['Group', '群聊'],
    notification: ['Notices', '系统通知'],
    announcement: ['Announcements', '系统公告'],
    interaction: ['Interactions', '互动消息'],
    somebody: ['User {0}', '用户{0}'],
    and_more: ['{0} +{1}', '{0}等另外{1}人'],
    comma: [', ', '、'],
    colon: ['{0}: ', '{0}：'],
    today: ['Today', '今天'],
    yesterday: ['Yesterday', '昨天'],

    kind_image: ['[Picture]', '[图片]'],
    kind_product: ['Product', '商品'],
    kind_order: ['Order', '订单'],
    kind_comment: ['{0} commented', '{0} 评论了你'],
    kind_like: ['{0} likes this', '{0} 赞了你'],
    kind_favorite: ['{0} saved this', '{0} 收藏了'],
    kind_system: ['[Notice]', '[系统消息]'],
};

let language = kept() ?? (navigator.language.toLowerCase().startsWith('zh') ? 1 : 0);

function kept() {
    const tag = localStorage.getItem(KEY);
    return tag === 'zh' ? 1 : tag === 'en' ? 0 : null;
}

/** The language's tag, for lang, dates and Accept-Language. */
export const languageTag = () => ['en', 'zh-CN'][language];

/** Changes to the other language, here and on the next visit. */
export function switchLanguage() {
    language = 1 - language;
    localStorage.setItem(KEY, ['en', 'zh'][language]);
}

/** One of two values: the English one, or the Chinese one. */
export const pick = (english, chinese) => [english, chinese][language];

/** A text of the table. */
export function text(key, ...values) {
    return TEXTS[key][language].replace(/\{(\d)\}/g, (_, place) => values[place]);
}

/** Whether the table has such a text. */
export const hasText = key => Object.hasOwn(TEXTS, key);

/** Writes the texts that index.html names: data-text, data-title, data-label, data-placeholder. */
export function writeTexts(root = document) {
    document.documentElement.lang = languageTag();
    for (const node of root.querySelectorAll('[data-text]')) {
        node.textContent = text(node.dataset.text);
    }
    for (const node of root.querySelectorAll('[data-title]')) {
        node.title = text(node.dataset.title);
        node.setAttribute('aria-label', node.title);
    }
    for (const node of root.querySelectorAll('[data-label]')) {
        node.setAttribute('aria-label', text(node.dataset.label));
    }
    for (const node of root.querySelectorAll('[data-placeholder]')) {
        node.placeholder = text(node.dataset.placeholder);
    }
}

const formats = new Map();

function format(date, options) {
    const key = languageTag() + JSON.stringify(options);
    if (!formats.has(key)) {
        formats.set(key, new Intl.DateTimeFormat(languageTag(), options));
    }
    return formats.get(key).format(date);
}

/** Days between a date and today, by the calendar. */
function daysAgo(date) {
    const midnight = day => new Date(day.getFullYear(), day.getMonth(), day.getDate());
    return Math.round((midnight(new Date()) - midnight(date)) / 86400000);
}

/** 14:05 */
export const clock = date => format(date, { hour: '2-digit', minute: '2-digit', hour12: false });

/** Today, Yesterday, Monday 3 March */
export function day(date) {
    const ago = daysAgo(date);
    if (ago === 0 || ago === 1) {
        return text(ago ? 'yesterday' : 'today');
    }
    const year = date.getFullYear() === new Date().getFullYear() ? {} : { year: 'numeric' };
    return format(date, { weekday: 'long', day: 'numeric', month: 'long', ...year });
}

/** As short as a list wants it: 14:05, Yesterday, 3 Mar */
export function briefly(date) {
    const ago = daysAgo(date);
    return ago <= 0 ? clock(date) : ago === 1 ? text('yesterday') : format(date, { day: 'numeric', month: 'short' });
}
