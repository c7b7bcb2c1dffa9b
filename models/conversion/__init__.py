"""From the networks' published TFLite files to the ONNX files that this project ships.

`source` fetches and proves the originals, `tflite` reads one, `fold` merges what is linear, and
`operators` translates the rest onto a `graph`, with `views` carrying the layout and `precision`
choosing fp16 or fp32. `agreement` measures the result against LiteRT and `rounding` what fp16
costs; `registry` and `readme` write down what was found.
"""
