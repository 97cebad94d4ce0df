import { crc32, deflateSync } from "node:zlib";

/** Draws a scene that differs by its seed: a sky, a sun, hills. Cheap enough to draw when it is first asked for. */
export function drawPng(seed: number, width: number, height: number): Uint8Array {
  const row = width * 3 + 1;
  const pixels = Buffer.alloc(row * height);
  const hue = (seed * 47) % 360;
  const sun = { x: width * (0.25 + ((seed * 13) % 50) / 100), y: height * 0.32, radius: width * 0.13 };
  const sky = [colour(hue, 0.85), colour(hue + 40, 0.45)] as const;
  const hills = [colour(hue + 150, 0.5), colour(hue + 170, 0.35)] as const;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const ridge = height * (0.66 + 0.07 * Math.sin((x / width) * 6 + seed));
      const front = height * (0.8 + 0.06 * Math.sin((x / width) * 9 + seed * 2));
      const isSun = (x - sun.x) ** 2 + (y - sun.y) ** 2 < sun.radius ** 2;
      const mix = y / height;
      for (let channel = 0; channel < 3; channel++) {
        const air = (sky[0][channel] ?? 0) * (1 - mix) + (sky[1][channel] ?? 0) * mix;
        const ground = y > front ? hills[1][channel] : y > ridge ? hills[0][channel] : undefined;
        pixels[y * row + 1 + x * 3 + channel] = ground ?? (isSun ? 250 - channel * 30 : air);
      }
    }
  }
  return encodePng(pixels, width, height);
}

/** The same as the JPEG that Instagram's servers would give. */
export async function drawJpeg(seed: number, width: number, height: number): Promise<Uint8Array> {
  return new Bun.Image(drawPng(seed, width, height)).jpeg({ quality: 82 }).bytes();
}

/** A file that says it is an MP4 and holds nothing to play: a file-type box and so many bytes of empty media data. */
export function emptyMp4(dataBytes: number): Uint8Array {
  const head = Buffer.from("\0\0\0\x18ftypisom\0\0\x02\0isommp42\0\0\0\0mdat", "latin1");
  head.writeUInt32BE(dataBytes + 8, 24);
  return Buffer.concat([head, Buffer.alloc(dataBytes)]);
}

function colour(hue: number, lightness: number): readonly number[] {
  return [0, 240, 120].map((shift) =>
    Math.round(255 * lightness * (0.6 + 0.4 * Math.cos(((hue + shift) * Math.PI) / 180))),
  );
}

function encodePng(rows: Buffer, width: number, height: number): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 1 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const framed = Buffer.alloc(data.length + 12);
  framed.writeUInt32BE(data.length, 0);
  framed.write(type, 4, "latin1");
  data.copy(framed, 8);
  framed.writeUInt32BE(crc32(framed.subarray(4, data.length + 8)), data.length + 8);
  return framed;
}
