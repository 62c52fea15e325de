/** What `WebAssembly` offers of what is used here; Node's own types leave it to those of browsers. */
export interface WasmEngine {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  readonly Memory: new (pages: { readonly initial: number }) => WasmMemory;
}

export interface WasmMemory {
  /** Another one after each growth. */
  readonly buffer: ArrayBuffer;
  /** @param pages of 64 KiB */
  grow(pages: number): number;
}

export const wasmEngine = (globalThis as unknown as { WebAssembly: WasmEngine }).WebAssembly;
export const wasmPageBytes = 64 * 1024;
