/** The same runner on the `onnx` build: the build of the package gives it that one's glue, and an instance of its own. */

export { Runner } from './runner.js';
