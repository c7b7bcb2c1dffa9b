/** What the build puts in. */

/** Version of the package. */
declare const VERSION: string;
