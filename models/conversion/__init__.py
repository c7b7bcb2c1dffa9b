"""From the networks' published TFLite files to the ONNX files that this project ships.

`source` fetches and proves the originals, `tflite` reads one, `fold` merges what is linear, and
`operators` translates the rest onto a `graph`, with `views` carrying the layout and `precision`
choosing how weights are stored. `agreement` measures the result against LiteRT and `rounding` what
16 bits cost; `registry` and `readme` write down what was found.
"""
