"""The wheel's tag: any Python 3, one platform. ctypes needs no Python ABI."""

import os

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.dist import Distribution


class PlatformWheel(bdist_wheel):
    def get_tag(self):
        return "py3", "none", os.environ["JOULEBOOK_WHEEL_PLATFORM"]


class PlatformDistribution(Distribution):
    def has_ext_modules(self):
        return True


setup(
    version=os.environ["JOULEBOOK_VERSION"],
    cmdclass={"bdist_wheel": PlatformWheel},
    distclass=PlatformDistribution,
)
