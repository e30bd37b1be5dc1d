"""Whole implementations of backpropagation with mistakes planted in them, as learners write them.

Six styles, each a file that computes everything by itself: loops (a neuron at a time), rows, nielsen (columns), dense
(objects), ng (caches and a dictionary), tensors (PyTorch). They know nothing of Backlit: numbers and names come in,
gradients go out, in the style's own layout. cases.py draws what is planted where; judge.py asks the detector.
"""
