import type { SyncBatch, SyncState } from "../core/matrix.ts";

/** Where a batch leads to from a place that was not written yet. A room's last known position stays where the batch has none. */
export function placeAfter(before: SyncState | undefined, batch: SyncBatch, syncedAtMs: number): SyncState {
  const { nextBatch, deviceId } = batch;
  const positions = new Map(before?.positions);
  for (const [roomId, eventId] of batch.positions) positions.set(roomId, eventId ?? positions.get(roomId));
  return { nextBatch, deviceId, syncedAtMs, positions };
}
