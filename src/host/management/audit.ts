import type { InstanceId } from "../../core/id.ts";
import type { HostLogger } from "../../core/log.ts";
import type { Actor } from "../../core/management.ts";

/** Leaves in the log what somebody did, such as "The instance was deleted."; never a secret. */
export type Audit = (actor: Actor, sentence: string, instance?: InstanceId) => void;

export function auditTo(log: (instance?: InstanceId) => HostLogger): Audit {
  return ({ name, via }, sentence, instance) => log(instance).info(sentence, { by: name, via });
}
