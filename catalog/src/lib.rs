//! What the documents say, as tables: rules, result codes, events, registry values, files and screens.
//!
//! Every entry names its [`Basis`] and its source. The tables are written in `data/*.toml` and become static slices at
//! build time: nothing is read or parsed at run time. Each entry has a const, so that a name which is not in the tables
//! does not compile:
//!
//! ```
//! use oobe_catalog::{codes, events, rules, screens};
//!
//! assert_eq!(codes::ERROR_TIMEOUT.to_string(), "0x800705B4");
//! assert_eq!(events::AUTOPILOT_171.render(&[("hresult", "0x800705B4")]).matches("0x800705B4").count(), 1);
//! assert_eq!(rules::USR_004.id, "USR-004");
//! assert_eq!(screens::ENTRA_SIGNIN.id, "entra.signin");
//! ```
//!
//! | module | const | example |
//! | --- | --- | --- |
//! | [`rules`] | the id, hyphen as underscore | `rules::USR_004`, `rules::MOD_001` |
//! | [`codes`] | symbolic name; `AADSTS` and number, also `AADSTS_` and a name; `SYNCML_`, `ZTD_`, `EXIT_`, `MSI_`, `ENFORCEMENT_` and a name | `codes::MENROLL_E_USER_LICENSE`, `codes::AADSTS50126` |
//! | [`events`] | channel and id | `events::AUTOPILOT_164`, `events::MDM_72`, `events::UDR_304` |
//! | [`registry`], [`files`] | a name | `registry::AUTOPILOT_TENANT_ID` |
//! | [`screens`] | the id, dots and hyphens as underscores | `screens::ESP_DEVICE_PREP` |

mod basis;
mod bounds;
mod by_id;
pub mod codes;
pub mod events;
pub mod explain;
pub mod files;
pub mod kbs;
pub mod registry;
pub mod rules;
pub mod screens;
mod suggest;
mod windows;

pub use basis::{Basis, BasisClass, BasisSummary};
pub use bounds::{AsOf, Bound, InForce, Limit, in_force};
pub use windows::{ParseBuildError, WindowsBuild};
