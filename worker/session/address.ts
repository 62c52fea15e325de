/** Where the master is, as the operator wrote it (`ws:`, `wss:`, `http:` or `https:`), for both doors. */
export interface MasterAddresses {
  /** WebSocket of workers. */
  readonly socketUrl: string;
  /** Base of the REST interface. */
  readonly httpUrl: string;
}

export function masterAddresses(masterUrl: string): MasterAddresses {
  const url = new URL(masterUrl);
  const isSecure = url.protocol === "wss:" || url.protocol === "https:";
  return {
    socketUrl: `${isSecure ? "wss" : "ws"}://${url.host}/ws/worker`,
    httpUrl: `${isSecure ? "https" : "http"}://${url.host}`,
  };
}
