/** What the build puts in. */

/** Version of the package. */
declare const VERSION: string;

/** Whether the package holds the `threads` build. */
declare const THREADS: boolean;

/** A file's bytes, put in. */
declare module '*.jpg' {
  const bytes: Uint8Array<ArrayBuffer>;
  export default bytes;
}
