//! Names and selectors that must find what they mean.

use serde_json::Value;

use super::rendering::{PodTemplate, find, list, of_kind, pods, selects, text, title};

/// Everything that finds nothing, or what it must not.
pub(super) fn broken(objects: &[Value], outside: Option<&str>) -> Vec<String> {
    let mut broken = Vec::new();
    for pod in pods(objects) {
        broken.extend(volumes(objects, &pod, outside));
        broken.extend(others(objects, &pod));
        broken.extend(own_selectors(&pod));
    }
    for service in of_kind(objects, "Service") {
        broken.extend(self::service(objects, service));
    }
    for budget in of_kind(objects, "PodDisruptionBudget") {
        broken.extend(unselected(objects, budget, &budget["spec"]["selector"]));
    }
    for policy in of_kind(objects, "NetworkPolicy") {
        broken.extend(self::policy(objects, policy));
    }
    for autoscaler in of_kind(objects, "HorizontalPodAutoscaler") {
        broken.extend(self::autoscaler(objects, autoscaler));
    }
    let namespaces: Vec<_> = of_kind(objects, "Namespace").map(|object| &object["metadata"]["name"]).collect();
    let elsewhere = objects.iter().filter(|object| object["kind"] != "Namespace");
    let elsewhere = elsewhere.filter(|object| !namespaces.contains(&&object["metadata"]["namespace"]));
    broken.extend(elsewhere.map(|object| format!("{} is in no namespace of the rendering", title(object))));
    broken
}

/// Volumes come from something, and every mount from a volume.
fn volumes(objects: &[Value], pod: &PodTemplate<'_>, outside: Option<&str>) -> Vec<String> {
    let mut broken = Vec::new();
    let there = |kind: &str, name: &str| {
        find(objects, kind, name).is_some() || (kind == "Secret" && outside.is_some_and(|secret| secret == name))
    };
    for volume in list(&pod.spec["volumes"]) {
        for (kind, name) in [
            ("ConfigMap", &volume["configMap"]["name"]),
            ("Secret", &volume["secret"]["secretName"]),
            ("PersistentVolumeClaim", &volume["persistentVolumeClaim"]["claimName"]),
        ] {
            if !name.is_null() && !there(kind, text(name)) {
                broken.push(format!("{}: there is no {kind} {}", pod.title(), text(name)));
            }
        }
    }
    let claims = list(&pod.owner["spec"]["volumeClaimTemplates"]).map(|claim| &claim["metadata"]["name"]);
    let names: Vec<_> = list(&pod.spec["volumes"]).map(|volume| &volume["name"]).chain(claims).collect();
    let mounts: Vec<_> = pod.containers().flat_map(|container| list(&container["volumeMounts"])).collect();
    for (number, name) in names.iter().enumerate() {
        if names[..number].contains(name) {
            broken.push(format!("{}: there are two volumes {}", pod.title(), text(name)));
        }
        if !mounts.iter().any(|mount| mount["name"] == **name) {
            broken.push(format!("{}: the volume {} is mounted nowhere", pod.title(), text(name)));
        }
    }
    for mount in mounts.iter().filter(|mount| !names.contains(&&mount["name"])) {
        broken.push(format!("{}: there is no volume {}", pod.title(), text(&mount["name"])));
    }
    broken
}

/// What a pod names beside volumes.
fn others(objects: &[Value], pod: &PodTemplate<'_>) -> Vec<String> {
    let mut broken = Vec::new();
    let mut must = |kind: &str, name: &str| {
        if find(objects, kind, name).is_none() {
            broken.push(format!("{}: there is no {kind} {name}", pod.title()));
        }
    };
    must("ServiceAccount", text(&pod.spec["serviceAccountName"]));
    for container in pod.containers() {
        list(&container["envFrom"]).for_each(|from| must("ConfigMap", text(&from["configMapRef"]["name"])));
    }
    if pod.owner["kind"] == "StatefulSet" {
        must("Service", text(&pod.owner["spec"]["serviceName"]));
    }
    broken
}

/// The owner's selector, and how its pods spread.
fn own_selectors(pod: &PodTemplate<'_>) -> Vec<String> {
    let spreads = list(&pod.spec["topologySpreadConstraints"]).map(|spread| &spread["labelSelector"]);
    let own = pod.is_server().then(|| &pod.owner["spec"]["selector"]);
    let selectors = own.into_iter().chain(spreads);
    let wrong = selectors.filter(|selector| !is_given(selector) || !selects(selector, pod.labels));
    wrong.map(|selector| format!("{}: its own pods are not those of {selector}", pod.title())).collect()
}

fn is_given(selector: &Value) -> bool {
    ["matchLabels", "matchExpressions"].iter().any(|part| !selector[part].is_null())
}

fn unselected(objects: &[Value], object: &Value, selector: &Value) -> Option<String> {
    let none = !is_given(selector) || !pods(objects).any(|pod| selects(selector, pod.labels));
    none.then(|| format!("{} selects no pod with {selector}", title(object)))
}

fn service(objects: &[Value], service: &Value) -> Vec<String> {
    let selector = serde_json::json!({ "matchLabels": service["spec"]["selector"] });
    let mut broken: Vec<_> = unselected(objects, service, &selector).into_iter().collect();
    for pod in pods(objects).filter(|pod| selects(&selector, pod.labels)) {
        let ports = list(&service["spec"]["ports"]);
        for port in ports.filter(|port| !pod.has_port(&port["port"]) || !pod.has_port(&port["targetPort"])) {
            broken.push(format!("{}: {} has no port {port}", title(service), pod.title()));
        }
    }
    // Registration comes before readiness.
    if ["scheduler", "executor"].contains(&text(&service["metadata"]["name"]))
        && service["spec"]["publishNotReadyAddresses"] != true
    {
        broken.push(format!("{} hides pods that are not ready, which keeps them from getting ready", title(service)));
    }
    broken
}

/// A policy's pods and peers are there, and have the ports that it names.
fn policy(objects: &[Value], policy: &Value) -> Vec<String> {
    let (spec, mut broken) = (&policy["spec"], Vec::new());
    let everybody = spec["podSelector"].as_object().is_some_and(serde_json::Map::is_empty);
    if !everybody {
        broken.extend(unselected(objects, policy, &spec["podSelector"]));
    }
    let rules = list(&spec["ingress"]).map(|rule| (rule, "from")).chain(list(&spec["egress"]).map(|rule| (rule, "to")));
    for (rule, peers) in rules {
        // Other namespaces, and what is outside, is not in the rendering.
        let own = |peer: &&Value| peer["namespaceSelector"].is_null() && peer["ipBlock"].is_null();
        let selectors: Vec<_> = list(&rule[peers]).filter(own).map(|peer| &peer["podSelector"]).collect();
        broken.extend(selectors.iter().filter_map(|selector| unselected(objects, policy, selector)));
        let targets = if peers == "from" { vec![&spec["podSelector"]] } else { selectors };
        for pod in pods(objects).filter(|pod| targets.iter().any(|selector| selects(selector, pod.labels))) {
            for port in list(&rule["ports"]).filter(|port| !pod.has_port(&port["port"])) {
                broken.push(format!("{}: {} has no port {port}", title(policy), pod.title()));
            }
        }
    }
    broken
}

/// What is scaled is there, has what is measured, and leaves its number to the autoscaler.
fn autoscaler(objects: &[Value], autoscaler: &Value) -> Vec<String> {
    let target = &autoscaler["spec"]["scaleTargetRef"];
    match find(objects, text(&target["kind"]), text(&target["name"])) {
        None => vec![format!("{}: there is no {target}", title(autoscaler))],
        Some(owner) if !owner["spec"]["replicas"].is_null() => {
            vec![format!("{}: {} has a number of its own", title(autoscaler), title(owner))]
        }
        Some(_) => Vec::new(),
    }
}
