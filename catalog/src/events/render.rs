//! Filling templates.

use super::Event;

impl Event {
    /// The text with its placeholders filled. A placeholder without a value stays as it is; a value is not searched again.
    pub fn render(&self, values: &[(&str, &str)]) -> String {
        let mut out = String::with_capacity(self.template.len() + 32);
        let mut rest = self.template;
        while let Some((before, after)) = rest.split_once('{') {
            out += before;
            let Some((name, behind)) = after.split_once('}') else {
                out.push('{');
                rest = after;
                continue;
            };
            if let Some((_, value)) = values.iter().find(|(n, _)| *n == name) {
                out += value;
            } else {
                out.push('{');
                out += name;
                out.push('}');
            }
            rest = behind;
        }
        out + rest
    }

    /// Names of the placeholders, in their order.
    pub fn placeholders(&self) -> Vec<&'static str> {
        let parts = self.template.split('{').skip(1);
        parts.filter_map(|part| part.split_once('}').map(|(name, _)| name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::events;

    #[test]
    fn placeholders_are_filled_once() {
        let text = events::AUTOPILOT_153
            .render(&[("old_state", "{new_state}"), ("new_state", "ProfileState_Available")]);
        assert_eq!(
            text,
            "AutopilotManager reported the state changed from {new_state} to ProfileState_Available."
        );
        assert_eq!(events::AUTOPILOT_153.placeholders(), ["old_state", "new_state"]);
        assert_eq!(events::AUTOPILOT_100.render(&[]), events::AUTOPILOT_100.template);
    }
}
