//! What network policies let through, checked against what keyfold's processes say to each other.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rendering::{PodTemplate, list, of_kind, pods, selects, text};

/// From, to, port. Everything else is refused, health ports included: probes come from the node, which no policy stops.
const CLUSTER: [(&str, &str, u64); 5] = [
    ("executor", "scheduler", 50050),
    ("run", "scheduler", 50050),
    ("scheduler", "executor", 50051),
    ("scheduler", "executor", 50052),
    ("executor", "executor", 50051),
];
/// The same where the store is a pod.
const STORE: [(&str, &str, u64); 2] = [("executor", "store", 8333), ("run", "store", 8333)];
/// What is reached outside: names by all, a store that is not a pod by those who use it.
const NAMES: (&str, u64) = (
    concat!(
        r#"{"namespaceSelector":{"matchLabels":{"kubernetes.io/metadata.name":"kube-system"}},"#,
        r#""podSelector":{"matchLabels":{"k8s-app":"kube-dns"}}}"#
    ),
    53,
);
const STORE_OUTSIDE: (&str, u64) = (r#"{"ipBlock":{"cidr":"0.0.0.0/0"}}"#, 443);
/// A pod of another namespace, which no policy of ours holds back.
const STRANGER: &str = "stranger";

/// What is let through and must not be, and what must be and is not.
pub(super) fn differences(objects: &[Value]) -> Vec<String> {
    let has_store = pods(objects).any(|pod| component(&pod) == "store");
    let mut wanted: BTreeSet<_> = CLUSTER.into_iter().collect();
    if has_store {
        wanted.extend(STORE);
    }
    let mut open = BTreeSet::new();
    for from in pods(objects) {
        for to in pods(objects) {
            let ports = to.ports().filter(|(port, _)| passes(objects, &from, &to, *port));
            open.extend(ports.map(|(port, _)| (component(&from), component(&to), port)));
        }
    }
    for to in pods(objects) {
        let ports = to.ports().filter(|(port, _)| lets_in(objects, &to, *port, None));
        open.extend(ports.map(|(port, _)| (STRANGER, component(&to), port)));
    }
    let mut differences: Vec<_> = open.difference(&wanted).map(|way| format!("{way:?} is open")).collect();
    differences.extend(wanted.difference(&open).map(|way| format!("{way:?} is closed")));
    for pod in pods(objects) {
        differences.extend(outside(objects, &pod, has_store));
    }
    // Pods that come later must ask for what they need.
    for direction in ["Ingress", "Egress"] {
        let closes = |policy: &Value| {
            let spec = &policy["spec"];
            let all = spec["podSelector"].as_object().is_some_and(serde_json::Map::is_empty);
            all && list(&spec["policyTypes"]).any(|kind| *kind == direction)
                && spec["ingress"].is_null()
                && spec["egress"].is_null()
        };
        if !of_kind(objects, "NetworkPolicy").any(closes) {
            differences.push(format!("{direction} is open to pods that no policy names"));
        }
    }
    differences
}

fn component<'a>(pod: &PodTemplate<'a>) -> &'a str {
    text(&pod.labels["app.kubernetes.io/component"])
}

/// The policies of one direction that concern a pod.
fn concerned<'a>(objects: &'a [Value], pod: &PodTemplate<'a>, direction: &'a str) -> Vec<&'a Value> {
    let of_direction = |policy: &&Value| list(&policy["spec"]["policyTypes"]).any(|kind| *kind == direction);
    let concerned = of_kind(objects, "NetworkPolicy").filter(of_direction);
    concerned.filter(|policy| selects(&policy["spec"]["podSelector"], pod.labels)).collect()
}

/// Both sides let it through. A pod that no policy concerns lets everything through.
fn passes(objects: &[Value], from: &PodTemplate<'_>, to: &PodTemplate<'_>, port: u64) -> bool {
    let policies = concerned(objects, from, "Egress");
    let mut rules = policies.iter().flat_map(|policy| list(&policy["spec"]["egress"]));
    let let_out = policies.is_empty() || rules.any(|rule| has_port(rule, port) && has_peer(&rule["to"], Some(to)));
    let_out && lets_in(objects, to, port, Some(from))
}

/// Whether a pod lets in another one of ours, or a stranger.
fn lets_in(objects: &[Value], pod: &PodTemplate<'_>, port: u64, from: Option<&PodTemplate<'_>>) -> bool {
    let policies = concerned(objects, pod, "Ingress");
    let mut rules = policies.iter().flat_map(|policy| list(&policy["spec"]["ingress"]));
    policies.is_empty() || rules.any(|rule| has_port(rule, port) && has_peer(&rule["from"], from))
}

/// A rule without ports is one for all.
fn has_port(rule: &Value, port: u64) -> bool {
    rule["ports"].is_null() || list(&rule["ports"]).any(|one| one["port"] == port)
}

/// A rule without peers is one for all; an address, or a namespace, may be anybody's.
fn has_peer(peers: &Value, pod: Option<&PodTemplate<'_>>) -> bool {
    let one = |peer: &Value| match (leads_out(peer), pod) {
        (true, None) => true,
        (false, Some(pod)) => selects(&peer["podSelector"], pod.labels),
        (true, Some(_)) => !peer["ipBlock"].is_null(),
        (false, None) => false,
    };
    peers.is_null() || list(peers).any(one)
}

fn leads_out(peer: &Value) -> bool {
    !peer["ipBlock"].is_null() || !peer["namespaceSelector"].is_null()
}

/// Ways to what is not in the rendering: names for all, and for some a store.
fn outside(objects: &[Value], pod: &PodTemplate<'_>, has_store: bool) -> Vec<String> {
    let mut ways = BTreeSet::new();
    for rule in concerned(objects, pod, "Egress").into_iter().flat_map(|policy| list(&policy["spec"]["egress"])) {
        let peers: Vec<_> = list(&rule["to"]).filter(|peer| leads_out(peer)).map(Value::to_string).collect();
        let anybody = rule["to"].is_null().then(|| "anybody".to_owned());
        for peer in peers.into_iter().chain(anybody) {
            let every = rule["ports"].is_null().then_some(0);
            let ports = list(&rule["ports"]).filter_map(|port| port["port"].as_u64()).chain(every);
            ways.extend(ports.map(|port| (peer.clone(), port)));
        }
    }
    let mut wanted = vec![NAMES];
    // The base alone knows no store.
    let some_store = of_kind(objects, "ConfigMap").any(|map| !map["data"]["KEYFOLD__STORES__AWS_REGION"].is_null());
    let leaves = some_store && !has_store && ["executor", "run"].contains(&component(pod));
    wanted.extend(leaves.then_some(STORE_OUTSIDE));
    let wanted: BTreeSet<_> = wanted.into_iter().map(|(peer, port)| (peer.to_owned(), port)).collect();
    let differs = ways != wanted;
    differs.then(|| format!("{} reaches outside {ways:?}", pod.title())).into_iter().collect()
}
