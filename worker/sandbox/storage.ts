import type { StorageBackend } from "#shared/storage/backend";
import { LocalStorage } from "#shared/storage/local";
import { parseLocation } from "#shared/storage/locations";

const local = new LocalStorage("/");

/** The backend and key of a location. @throws MR_LOCATION_UNSUPPORTED */
export function placeOf(location: string): {
  readonly backend: StorageBackend;
  readonly key: string;
} {
  return { backend: local, key: parseLocation(location).key };
}
