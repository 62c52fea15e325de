/** The text of the file that `npm run kernel` writes. */
export function compileKernel(): Promise<string>;
