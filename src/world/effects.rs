//! What a device wants done, carried out: key stores, timers, screens, and requests on their way to a service and back.

use oobe_agent::io::{Correlation, Effect, HttpReply, HttpRequest, Link, TransportError};
use oobe_agent::time::{Span, VirtualTime};

use super::network::{Fate, Struck};
use super::queue::Due;
use super::transport::Exchange;
use super::{Sink, World, record, time_service};
use crate::trace::record::What;

impl World {
    pub(super) fn effect(&mut self, device: &str, effect: Effect, sink: &mut Sink<'_>) {
        match effect {
            Effect::Send { id, request, why } => self.send(device, id, request, why, sink),
            Effect::AskKeys { id, command } => {
                let Some(host) = self.hosts.get_mut(device) else { return };
                let result = host.keys.execute(&command);
                self.emit(device, record::key(id, &command, &result), sink);
                self.queue.push(self.now, Due::Keys { device: device.to_owned(), id, result });
            }
            Effect::AskTpm { id, command } => {
                let Some(host) = self.hosts.get_mut(device) else { return };
                let executed = host.tpm.execute(&command, self.now);
                self.emit(device, record::tpm(id, command, &executed), sink);
                let result = executed.result;
                self.queue.push(self.now + executed.took, Due::Tpm { device: device.to_owned(), id, result });
            }
            Effect::SetTimer { timer, after, boot, why } => {
                let Some(host) = self.hosts.get_mut(device) else { return };
                let ticket = host.set_timer(timer);
                let at = self.now + Span(after.0 / u64::from(self.hurry));
                self.queue.push(at, Due::Timer { device: device.to_owned(), timer, boot, ticket });
                self.emit(device, What::TimerSet { timer, after, why }, sink);
            }
            Effect::CancelTimer { timer } => {
                if self.hosts.get_mut(device).is_some_and(|h| h.cancel_timer(timer)) {
                    self.emit(device, What::TimerCancelled { timer }, sink);
                }
            }
            Effect::ShowScreen(screen) => {
                self.people.screen_shown(&mut self.queue, self.now, device, &screen);
                self.emit(device, What::Screen { screen }, sink);
            }
            Effect::WriteEvent(event) => self.emit(device, What::Event { event }, sink),
            Effect::WriteRegistry(write) => self.emit(device, What::Registry { write }, sink),
            Effect::Note(note) => {
                if let Some(host) = self.hosts.get_mut(device) {
                    host.listen(&note);
                }
                self.emit(device, What::Note { note }, sink);
            }
            Effect::Restart { why } => {
                if let Some(host) = self.hosts.get_mut(device) {
                    host.goes_on();
                    host.tpm.restart(self.now);
                    host.forget_timers();
                }
                self.people.screen_dark(device);
                self.emit(device, What::Restart { why }, sink);
            }
            Effect::ShutDown { why } => {
                if let Some(host) = self.hosts.get_mut(device) {
                    host.tpm.power_off(self.now, true);
                    host.forget_timers();
                }
                self.people.switched_off(device);
                self.emit(device, What::PowerOff { why }, sink);
            }
        }
    }

    /// A request leaves a device: the network decides what becomes of it.
    fn send(
        &mut self,
        device: &str,
        id: Correlation,
        request: HttpRequest,
        why: String,
        sink: &mut Sink<'_>,
    ) {
        let client = match (&request.identity, self.hosts.get_mut(device)) {
            (Some(identity), Some(host)) => Some(host.client_name(&identity.certificate)),
            _ => None,
        };
        self.emit(device, record::request(id, &request, client, why), sink);
        let linked = self.hosts.get(device).is_some_and(|h| h.link != Link::Down);
        let (fate, struck) = if linked {
            self.network.decide(self.now, device, &request)
        } else {
            (Fate::Fails(TransportError::NoNetwork), None)
        };
        if let Some(Struck { fault, place, does }) = struck {
            self.emit(device, What::Injected { fault, place, does, request: Some(id) }, sink);
        }
        let asked = self.now;
        let device = device.to_owned();
        match fate {
            Fate::Lost => {}
            Fate::Fails(error) => {
                let at = self.now + self.network.refusal();
                self.queue.push(at, Due::Deliver { device, id, result: Err(error), asked });
            }
            fate => {
                let at = self.now + self.network.outbound();
                self.queue.push(at, Due::Arrive { device, id, request, asked, fate });
            }
        }
    }

    /// A request reaches its service.
    pub(super) fn arrive(
        &mut self,
        device: String,
        id: Correlation,
        request: &HttpRequest,
        asked: VirtualTime,
        fate: &Fate,
        sink: &mut Sink<'_>,
    ) {
        if let Some(cloud) = &self.cloud {
            cloud.set_now(self.utc());
        }
        let Some(host) = self.hosts.get_mut(&device) else { return };
        // A forced answer stands in place of the real one: the service never hears of the request.
        let result = if let Fate::Forced(reply) = fate {
            proxied(reply.clone())
        } else {
            let exchange = if time_service::is_asked(request) {
                time_service::answer(request, self.utc())
                    .map_or(Exchange::Silence, |reply| Exchange::Answered(Ok(reply)))
            } else {
                self.transport.exchange(host, request)
            };
            self.journal(Some((&device, id)), sink);
            match exchange {
                Exchange::Answered(mut result) => {
                    if let (Some(interceptor), Ok(reply)) = (&self.interceptor, &mut result) {
                        interceptor(request, reply);
                    }
                    fate.apply(result.and_then(proxied))
                }
                Exchange::Silence => return,
            }
        };
        let bytes = result.as_ref().map_or(0, |reply| reply.body.len() as u64);
        let at = self.now + self.network.inbound(bytes) + fate.delay();
        self.queue.push(at, Due::Deliver { device, id, result, asked });
    }
}

/// No service answers 407: a proxy on the way does.
fn proxied(reply: HttpReply) -> Result<HttpReply, TransportError> {
    if reply.status == 407 { Err(TransportError::Proxy(reply.status)) } else { Ok(reply) }
}
