import type { InstanceDefinition, RoomView } from "../../../core/management.ts";
import { Copy } from "../parts/copy.tsx";
import { useLoadedWith, Waiting } from "../parts/loaded.tsx";

/** The rooms a bot works in, as its account sees them now. */
export function Rooms({ definition }: { readonly definition: InstanceDefinition }) {
  const { id, rooms, account } = definition;
  const { now, reload } = useLoadedWith<readonly RoomView[]>(
    `/instances/${encodeURIComponent(id)}/rooms`,
    id,
  );
  const yaml =
    rooms === "any" ? "rooms: any\n" : `rooms:\n${rooms.map((room) => `  - "${room}"`).join("\n")}\n`;
  const isListing = rooms.length > 0;
  return (
    <section aria-labelledby="rooms">
      <div class="heading">
        <h2 id="rooms">Rooms</h2>
        <button type="button" class="small" onClick={() => void reload()}>
          Look again
        </button>
        <Copy text={yaml} label="Copy as YAML" />
      </div>
      {rooms.length === 0 && (
        <p class="card">It is in no room, so it answers nowhere. Add rooms in its settings.</p>
      )}
      {rooms === "any" && (
        <p class="card">It works in every room that {account} is in, and accepts every invitation.</p>
      )}
      {isListing && <Waiting loading={now.value} />}
      {isListing && now.value.state === "there" && <RoomList rooms={now.value.answer} account={account} />}
    </section>
  );
}

const words: Readonly<Record<RoomView["membership"], string>> = {
  joined: "joined",
  "invite-needed": "needs an invitation",
  joinable: "open, will be joined",
  unresolved: "not found",
  banned: "banned",
  left: "left",
};

export function RoomList({
  rooms,
  account,
}: {
  readonly rooms: readonly RoomView[];
  readonly account: string;
}) {
  return (
    <ul class="card list">
      {rooms.map((room) => {
        const isFine =
          (room.membership === "joined" || room.membership === "joinable") && room.advice === undefined;
        return (
          <li key={room.reference} data-status={isFine ? "pass" : "warn"}>
            <i class="dot" aria-hidden="true" />
            <div>
              <p>
                <b>{room.name ?? room.alias ?? room.reference}</b>{" "}
                <span class="soft">{words[room.membership]}</span>
                {room.membership === "joined" && !room.mayPost && <span class="soft">, may not post</span>}
                {room.encrypted && <span class="soft">, encrypted</span>}
              </p>
              {room.name !== undefined && <p class="soft">{room.reference}</p>}
              {room.advice !== undefined && <p>{room.advice}</p>}
              {room.membership === "invite-needed" && (
                <Copy text={`/invite ${account}`} label={`Copy: /invite ${account}`} />
              )}
            </div>
          </li>
        );
      })}
    </ul>
  );
}
