interface LineProps {
  readonly label: string;
  /** The newest value as text; a dash while there is none. */
  readonly value: string;
  readonly points: readonly (number | null)[];
}

const width = 120;
const height = 24;

/** A small line of the last hour with its newest value. Gaps stay gaps. */
export function Line({ label, value, points }: LineProps) {
  const known = points.filter((point) => point !== null);
  const highest = Math.max(...known, 1e-9);
  const step = width / Math.max(points.length - 1, 1);
  let path = "";
  let isDrawing = false;
  for (const [index, point] of points.entries()) {
    if (point === null) {
      isDrawing = false;
      continue;
    }
    const y = height - 1 - (point / highest) * (height - 2);
    path += `${isDrawing ? "L" : "M"}${(index * step).toFixed(1)} ${y.toFixed(1)}`;
    isDrawing = true;
  }
  return (
    <figure class="line">
      <figcaption>{label}</figcaption>
      <b>{value}</b>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={path} />
      </svg>
    </figure>
  );
}
