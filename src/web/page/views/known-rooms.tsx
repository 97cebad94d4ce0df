import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { RoomView } from "../../../core/management.ts";
import { ask, overview } from "../host.ts";
import { linesOf } from "../settings-draft.ts";

const askedBots = 5;

/** The rooms that other bots work in, by name: nobody knows the id of a room by heart. */
export function KnownRooms({
  text,
  onAdd,
}: {
  readonly text: string;
  readonly onAdd: (room: string) => void;
}) {
  const known = useSignal<readonly RoomView[]>([]);
  useEffect(() => {
    for (const { id } of overview.value?.snapshot.instances.slice(0, askedBots) ?? []) {
      ask<readonly RoomView[]>("GET", `/instances/${encodeURIComponent(id)}/rooms`).then(
        (rooms) => {
          const others = rooms.filter(({ roomId }) => !known.value.some((room) => room.roomId === roomId));
          known.value = [...known.value, ...others.filter(({ roomId }) => roomId !== undefined)];
        },
        () => {},
      );
    }
  }, []);
  const offered = known.value.filter(({ reference }) => !linesOf(text).includes(reference));
  if (offered.length === 0) return null;
  return (
    <p class="buttons">
      <span class="soft">Where other bots work:</span>
      {offered.map(({ roomId, reference, name, alias }) => (
        <button key={roomId} type="button" class="small" onClick={() => onAdd(reference)}>
          Add {name ?? alias ?? reference}
        </button>
      ))}
    </p>
  );
}
