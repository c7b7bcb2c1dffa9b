/** The same worker on the `onnx` build: the build of the package gives it that one's glue. */

import './worker.js';
