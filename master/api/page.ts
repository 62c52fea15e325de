import { z } from "zod";
import { pageLimits, type Page } from "#shared/client/types";
import { fault } from "#shared/errors/fault";

/** Fields of the query of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(pageLimits.max).default(pageLimits.default),
  cursor: z.string().min(1).max(200).optional(),
};

export interface PageRequest {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** An item and its place in the order: a whole number that no other item of the list has. */
export interface Placed<Item> {
  readonly place: number;
  readonly item: Item;
}

/**
 * One page of an ordered sequence. The cursor names the last item's place, not a position, so that
 * items which come or go in between move nothing.
 * @param itemsAfter the items beyond a place, nearest first; from the beginning for null
 */
export function pageOf<Item, View>(
  request: PageRequest,
  itemsAfter: (place: number | null) => Iterable<Placed<Item>>,
  view: (item: Item) => View,
): Page<View> {
  const after = request.cursor === undefined ? null : decodeCursor(request.cursor);
  const items: View[] = [];
  let last = 0;
  for (const { place, item } of itemsAfter(after)) {
    if (items.length === request.limit) return { items, nextCursor: encodeCursor(last) };
    items.push(view(item));
    last = place;
  }
  return { items, nextCursor: null };
}

/** The items beyond a place of a list that is in memory and sorted already. */
export function* beyond<Item>(
  sorted: Iterable<Placed<Item>>,
  place: number | null,
  order: "rising" | "falling" = "rising",
): Generator<Placed<Item>> {
  for (const each of sorted) {
    const isBeyond = order === "rising" ? each.place > (place ?? -1) : each.place < (place ?? 1e16);
    if (isBeyond) yield each;
  }
}

function encodeCursor(place: number): string {
  return Buffer.from(`v1:${place}`).toString("base64url");
}

function decodeCursor(cursor: string): number {
  const match = /^v1:(\d{1,15})$/.exec(Buffer.from(cursor, "base64url").toString("latin1"));
  if (match !== null) return Number(match[1]);
  throw fault("MR_REQUEST_INVALID", "query field cursor must be the nextCursor of a page before", {
    cursor,
  });
}
