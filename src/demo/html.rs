//! Templates. Everything is escaped, except where a template names a flaw:
//! `{{ value|flaw("id") }}` is raw in the flawed shop and escaped in the safe one.

use minijinja::Environment;
use minijinja::Error;
use minijinja::ErrorKind;
use minijinja::Value;
use minijinja::value::Serde;
use serde::Serialize;

use super::flaws;

const TEMPLATES: &[(&str, &str)] = &[
    ("about.html", include_str!("templates/about.html")),
    ("account.html", include_str!("templates/account.html")),
    ("address.html", include_str!("templates/address.html")),
    ("admin.html", include_str!("templates/admin.html")),
    ("alerts.html", include_str!("templates/alerts.html")),
    ("bestsellers.html", include_str!("templates/bestsellers.html")),
    ("campaign.html", include_str!("templates/campaign.html")),
    ("cart.html", include_str!("templates/cart.html")),
    ("chat.html", include_str!("templates/chat.html")),
    ("checkout.html", include_str!("templates/checkout.html")),
    ("club.html", include_str!("templates/club.html")),
    ("console.html", include_str!("templates/console.html")),
    ("contact.html", include_str!("templates/contact.html")),
    ("dealers.html", include_str!("templates/dealers.html")),
    ("debug.html", include_str!("templates/debug.html")),
    ("downloads.html", include_str!("templates/downloads.html")),
    ("faq.html", include_str!("templates/faq.html")),
    ("finder.html", include_str!("templates/finder.html")),
    ("gallery-list.html", include_str!("templates/gallery-list.html")),
    ("gallery.html", include_str!("templates/gallery.html")),
    ("gift-card.html", include_str!("templates/gift-card.html")),
    ("gift-label.html", include_str!("templates/gift-label.html")),
    ("greeting.html", include_str!("templates/greeting.html")),
    ("guestbook.html", include_str!("templates/guestbook.html")),
    ("home.html", include_str!("templates/home.html")),
    ("info.html", include_str!("templates/info.html")),
    ("internal.html", include_str!("templates/internal.html")),
    ("invoice-copy.html", include_str!("templates/invoice-copy.html")),
    ("invoice.html", include_str!("templates/invoice.html")),
    ("layout.html", include_str!("templates/layout.html")),
    ("login.html", include_str!("templates/login.html")),
    ("message.html", include_str!("templates/message.html")),
    ("network.html", include_str!("templates/network.html")),
    ("newsletter.html", include_str!("templates/newsletter.html")),
    ("offers.html", include_str!("templates/offers.html")),
    ("order.html", include_str!("templates/order.html")),
    ("orders.html", include_str!("templates/orders.html")),
    ("outbox.html", include_str!("templates/outbox.html")),
    ("password-code.html", include_str!("templates/password-code.html")),
    ("password-reset.html", include_str!("templates/password-reset.html")),
    ("preferences.html", include_str!("templates/preferences.html")),
    ("preview.html", include_str!("templates/preview.html")),
    ("prices.html", include_str!("templates/prices.html")),
    ("product.html", include_str!("templates/product.html")),
    ("products.html", include_str!("templates/products.html")),
    ("repairs.html", include_str!("templates/repairs.html")),
    ("search.html", include_str!("templates/search.html")),
    ("services.html", include_str!("templates/services.html")),
    ("staff.html", include_str!("templates/staff.html")),
    ("track.html", include_str!("templates/track.html")),
    ("trade.html", include_str!("templates/trade.html")),
    ("upload.html", include_str!("templates/upload.html")),
    ("webhooks.html", include_str!("templates/webhooks.html")),
    ("wish-list.html", include_str!("templates/wish-list.html")),
];

/// The shop's templates.
#[derive(Debug)]
pub(super) struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// Parses all templates.
    pub(super) fn new(flawed: bool) -> Self {
        let mut environment = Environment::new();
        for (name, source) in TEMPLATES {
            environment
                .add_template(name, source)
                .expect("part of the program, and parsed at every start of every test");
        }
        environment
            .add_filter("price", |cents: i64| format!("€ {}.{:02}", cents / 100, cents % 100));
        environment.add_filter("flaw", move |value: Value, id: &str| unescaped(value, id, flawed));
        environment.add_filter("flaw_quotes", move |value: Value, id: &str| {
            let text = value.to_string().replace('<', "&lt;").replace('>', "&gt;");
            if flawed { unescaped(Value::from(text), id, true) } else { Ok(value) }
        });
        Self { environment }
    }

    /// Renders a page; the result is a whole document.
    pub(super) fn render(&self, name: &str, context: &Value) -> Result<String, Error> {
        let content = self.environment.get_template(name)?.render(context)?;
        let content = Value::from_safe_string(content);
        let layout = self.environment.get_template("layout.html")?;
        layout.render(minijinja::context! { content, ..context.clone() })
    }
}

/// Data for a template.
pub(super) fn value(data: impl Serialize) -> Value {
    Value::from(Serde(data))
}

fn unescaped(value: Value, id: &str, flawed: bool) -> Result<Value, Error> {
    if !flaws::is_known(id) {
        let problem = format!("{id} is not in the table of flaws");
        return Err(Error::new(ErrorKind::InvalidOperation, problem));
    }
    Ok(if flawed { Value::from_safe_string(value.to_string()) } else { value })
}
