import { allTopics, topicDefaults } from '#libs/contracts';

/** The text of scripts/create-topics.sh: the topic table as commands of Kafka's own tools, for whoever may create topics. */
export function renderTopicsScript(): string {
  const lines = allTopics().map(({ name, compacted }) => `create ${name} ${compacted ? 'compact' : 'delete'}`);
  return `${HEAD}\n${lines.join('\n')}\n`;
}

const HEAD = `#!/usr/bin/env bash
# Creates the topics that are missing; run it once at installation, with Kafka's command-line tools at hand.
# Generated from libs/contracts by \`npm run generate\`. The number of partitions can never be changed afterwards.
#   BOOTSTRAP_SERVER=kafka:9092 REPLICATION_FACTOR=3 MIN_INSYNC_REPLICAS=2 bash scripts/create-topics.sh
# COMMAND_CONFIG names a properties file with SASL and TLS settings, where brokers want them.
set -euo pipefail

bootstrap_server=\${BOOTSTRAP_SERVER:?set BOOTSTRAP_SERVER to host:port of a broker}
replication_factor=\${REPLICATION_FACTOR:?set REPLICATION_FACTOR: 3 in production, 1 with a single broker}
min_insync_replicas=\${MIN_INSYNC_REPLICAS:-$((replication_factor > 1 ? replication_factor - 1 : 1))}
partitions=\${PARTITIONS:-${topicDefaults.partitions}}
retention_ms=\${RETENTION_MS:-${topicDefaults.retention_ms}}
kafka_topics=\${KAFKA_TOPICS:-/opt/kafka/bin/kafka-topics.sh}

create() {
  local name=$1 cleanup=$2
  local settings=(--config "cleanup.policy=$cleanup" --config "min.insync.replicas=$min_insync_replicas")
  settings+=(--config unclean.leader.election.enable=false)
  if [[ $cleanup == delete ]]; then settings+=(--config "retention.ms=$retention_ms"); fi
  "$kafka_topics" --bootstrap-server "$bootstrap_server" \${COMMAND_CONFIG:+--command-config "$COMMAND_CONFIG"} \\
    --create --if-not-exists --topic "$name" \\
    --partitions "$partitions" --replication-factor "$replication_factor" "\${settings[@]}"
}
`;
