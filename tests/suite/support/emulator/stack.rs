//! What Terraform makes before fwc comes: a firewall and its policy, which refers to nothing.

use serde_json::{Value, json};

use super::Cloud;

/// A firewall with two zones, and a policy that lets nothing through.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    /// Where.
    pub(crate) region: String,
    /// What the policy and the firewall are called.
    pub(crate) name: String,
    /// What the engine calls its own.
    pub(crate) home_net: Vec<String>,
}

impl Stack {
    /// The two of the example, as `fwc.yaml` has them.
    pub(crate) fn example() -> [Self; 2] {
        let stack = |region: &str, role: &str, vpc: &str| Self {
            region: region.to_owned(),
            name: format!("shop-prod-{role}"),
            home_net: vec![vpc.to_owned()],
        };
        [
            stack("us-east-1", "primary", "10.10.0.0/16"),
            stack("us-west-2", "secondary", "10.20.0.0/16"),
        ]
    }

    /// `FirewallPolicy`.
    pub(crate) fn policy(&self) -> Value {
        json!({
            "StatelessDefaultActions": ["aws:forward_to_sfe"],
            "StatelessFragmentDefaultActions": ["aws:forward_to_sfe"],
            "StatefulDefaultActions": [
                "aws:drop_established_app_layer_to_server",
                "aws:alert_established_app_layer_to_server",
            ],
            "StatefulEngineOptions": {
                "RuleOrder": "STRICT_ORDER",
                "StreamExceptionPolicy": "REJECT",
                "FlowTimeouts": { "TcpIdleTimeoutSeconds": 350 },
            },
            "PolicyVariables": {
                "RuleVariables": { "HOME_NET": { "Definition": self.home_net } },
            },
        })
    }

    /// Makes both, as somebody else than the client.
    pub(super) fn make(&self, cloud: &mut Cloud) {
        let tags = json!([{ "Key": "managed-by", "Value": "terraform" }]);
        let policy = json!({
            "FirewallPolicyName": self.name,
            "FirewallPolicy": self.policy(),
            "Tags": tags,
        });
        let made = cloud.act(&self.region, "CreateFirewallPolicy", policy).unwrap();
        let firewall = json!({
            "FirewallName": self.name,
            "FirewallPolicyArn": made["FirewallPolicyResponse"]["FirewallPolicyArn"],
            "VpcId": "vpc-0a1b2c3d4e5f60718",
            "SubnetMappings": [{ "SubnetId": "subnet-0a" }, { "SubnetId": "subnet-0b" }],
            "FirewallPolicyChangeProtection": true,
            "Tags": tags,
        });
        cloud.act(&self.region, "CreateFirewall", firewall).unwrap();
    }
}
