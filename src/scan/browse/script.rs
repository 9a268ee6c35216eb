//! Functions that run in pages. What they give is believed no more than the page itself.

/// Sources of what listens for messages in the window.
pub(super) const LISTENERS: &str = "(getEventListeners(window).message || []).slice(0, 10)
    .map(it => String(it.listener && it.listener.handleEvent || it.listener).slice(0, 200000))";

/// Does what a user would do to what carries one of the words as code: follows it, or moves over it;
/// how many there were.
pub(super) const STIR: &str = "words => {
    let count = 0;
    for (const it of [...document.querySelectorAll('*')].slice(0, 20000)) {
        for (const { name, value } of [...it.attributes]) {
            if (!words.some(word => value.includes(word)) || count >= 50) continue;
            if (/^\\s*javascript:/i.test(value) && it.click) { it.click(); count += 1; }
            else if (/^on(click|mouse|pointer|focus|input|change)/.test(name)) {
                it.dispatchEvent(new MouseEvent(name.slice(2))); count += 1;
            }
        }
    }
    return count;
}";

/// Resolves with the number of changes, once there are none for a while.
pub(super) const QUIET: &str = "(quiet, most) => new Promise(done => {
    let changes = 0, timer;
    const end = () => { watch.disconnect(); done(changes); };
    const watch = new MutationObserver(list => {
        changes += list.length; clearTimeout(timer); timer = setTimeout(end, quiet);
    });
    watch.observe(document, { subtree: true, childList: true, characterData: true });
    timer = setTimeout(end, quiet);
    setTimeout(end, most);
})";

/// Clicks as a pointer does; resolves with the number of changes, or -1 where nothing is there.
pub(super) const CLICK: &str = "function (quiet, most) { return new Promise(done => {
    if (!this.isConnected) return done(-1);
    let changes = 0, timer;
    const end = () => { watch.disconnect(); done(changes); };
    const watch = new MutationObserver(list => {
        changes += list.length; clearTimeout(timer); timer = setTimeout(end, quiet);
    });
    const all = { subtree: true, childList: true, characterData: true, attributes: true };
    watch.observe(this.ownerDocument, all);
    if (this.getRootNode() !== this.ownerDocument) watch.observe(this.getRootNode(), all);
    timer = setTimeout(end, quiet);
    setTimeout(end, most);
    this.scrollIntoView({ block: 'center' });
    const view = this.ownerDocument.defaultView;
    const send = (type, Kind) => this.dispatchEvent(
        new Kind(type, { bubbles: true, cancelable: true, composed: true, view }));
    send('pointerover', PointerEvent); send('mouseover', MouseEvent);
    send('pointerdown', PointerEvent); send('mousedown', MouseEvent);
    if (this.focus) this.focus();
    send('pointerup', PointerEvent); send('mouseup', MouseEvent);
    if (this.click) this.click(); else send('click', MouseEvent);
}); }";

/// Gives a field a value, in a way that frameworks notice.
pub(super) const FILL: &str = "function (value) {
    const kind = (this.type || '').toLowerCase();
    if (kind === 'checkbox' || kind === 'radio') {
        const group = kind === 'radio' && this.form
            ? [...this.form.elements].filter(it => it.type === 'radio' && it.name === this.name)
            : [this];
        if (!group.some(it => it.checked)) this.click();
        return;
    }
    if (kind.startsWith('select')) {
        for (const option of [...this.options].slice(0, 6)) {
            if (option.value !== this.value) {
                this.value = option.value;
                this.dispatchEvent(new Event('change', { bubbles: true, composed: true }));
            }
        }
    }
    const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(this), 'value');
    if (this.focus) this.focus();
    if (own && own.set) own.set.call(this, value); else this.value = value;
    for (const type of ['input', 'change'])
        this.dispatchEvent(new Event(type, { bubbles: true, composed: true }));
}";

/// Sends a form as its button would, whatever its own checks say.
pub(super) const SUBMIT: &str = "function () { this.noValidate = true; this.requestSubmit(); }";

/// The same with a button.
pub(super) const PRESS: &str = "function () {
    if (this.form) this.form.noValidate = true; this.click();
}";

/// Presses the enter key in a field.
pub(super) const ENTER: &str = "function () {
    for (const type of ['keydown', 'keypress', 'keyup'])
        this.dispatchEvent(new KeyboardEvent(type, {
            key: 'Enter', code: 'Enter', keyCode: 13, which: 13, bubbles: true, composed: true }));
}";

/// Moves the pointer over everything that listens for it; how many there were.
pub(super) const HOVER: &str = "(most => {
    const types = ['pointerover', 'pointerenter', 'mouseover', 'mouseenter'], roots = [document];
    let count = 0;
    for (let at = 0; at < roots.length && at < most; at++) {
        for (const it of [...roots[at].querySelectorAll('*')].slice(0, most)) {
            if (it.shadowRoot) roots.push(it.shadowRoot);
            const heard = Object.keys(getEventListeners(it)).filter(type => types.includes(type));
            if (heard.length === 0 || count >= 100) continue;
            count += 1;
            for (const type of heard) it.dispatchEvent(new MouseEvent(type,
                { bubbles: !type.endsWith('enter'), composed: true, view: window }));
        }
    }
    return count;
})(3000)";

/// How many listeners of the window or its document a click reaches.
pub(super) const LISTENS: &str = "[window, document].reduce((sum, it) => {
    const all = getEventListeners(it);
    return sum + ['click', 'mousedown', 'mouseup', 'pointerdown', 'pointerup']
        .reduce((count, type) => count + (all[type] || []).length, 0);
}, 0)";

/// Scrolls everything that scrolls to its end; how much has moved.
pub(super) const SCROLL: &str = "() => {
    let moved = 0;
    const all = [document.scrollingElement, ...document.querySelectorAll('*')];
    for (const it of all.filter(it => it && it.scrollHeight > it.clientHeight + 20).slice(0, 30)) {
        const before = it.scrollTop;
        it.scrollTop = it.scrollHeight;
        if (it.scrollTop !== before) moved += 1;
    }
    return moved;
}";
